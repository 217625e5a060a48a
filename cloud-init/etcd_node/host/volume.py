"""The data directory of etcd on the data volume."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path

from etcd_node.host.journal import WaitLog, say
from etcd_node.host.resize_filesystem import grow_filesystem
from etcd_node.host.settings import Paths

RETRY_INTERVAL = 0.5
"""Seconds between two tries to mount a volume that is not attached yet."""


def prepare_data_directory(paths: Paths, volume: str, wait_log: WaitLog) -> None:
    """Mount the volume, if the member has one, and create etcd's directory. Waits until the volume is attached."""
    paths.mount.mkdir(parents=True, exist_ok=True)
    if volume:
        device = paths.device(volume)
        while (problem := mount(device, paths.mount)) is not None:
            wait_log.report(f"waiting for the data volume {volume}: {problem}")
            time.sleep(RETRY_INTERVAL)
    paths.data.mkdir(exist_ok=True)
    paths.data.chmod(0o700)
    _give_to_etcd(paths.data)


def mount(device: Path, target: Path) -> str | None:
    """Mount a device unless it is mounted already. Returns the problem, or ``None``."""
    if not device.exists():
        return f"{device} does not exist"
    if not target.is_mount():
        grow_filesystem(device, mounted=False)
        done = subprocess.run(
            ["mount", "-o", "noatime", str(device), str(target)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            return " ".join(done.stderr.split()) or f"mount failed with status {done.returncode}"
        say(f"mounted {device} on {target}")
    if target.stat().st_dev != device.stat().st_rdev:
        return f"another file system is mounted on {target}: unmount it"
    return None


def set_aside(paths: Paths, why: str, *, keep: bool = False) -> Path:
    """Move the data into a directory ``WHY-TIME`` beside it, where an operator finds it. Returns the directory.

    Earlier copies with the same ``why`` are deleted, unless ``keep``: then only an operator deletes copies.
    """
    stem = target = paths.mount / f"{why}-{time.strftime('%Y%m%dT%H%M%S')}"
    if not keep:
        for old in paths.mount.glob(f"{why}-*"):
            shutil.rmtree(old, ignore_errors=True)
    number = 1
    while target.exists():
        number += 1
        target = stem.with_name(f"{stem.name}-{number}")
    paths.data.rename(target)
    paths.data.mkdir(mode=0o700)
    _give_to_etcd(paths.data)
    return target


def _give_to_etcd(directory: Path) -> None:
    """Set the owner. A new root disk may number its users differently, while the volume keeps the old numbers."""
    try:
        etcd = pwd.getpwnam("etcd")
    except KeyError:
        return
    if directory.stat().st_uid == etcd.pw_uid:
        return
    for folder, folders, files in os.walk(directory, topdown=False):
        for name in [*folders, *files]:
            os.chown(Path(folder) / name, etcd.pw_uid, etcd.pw_gid, follow_symlinks=False)
    os.chown(directory, etcd.pw_uid, etcd.pw_gid)
