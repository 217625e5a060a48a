"""The data directory: on the data volume, or nowhere."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path

from etcd_node.host.journal import Waiting, say
from etcd_node.host.resize_filesystem import grow
from etcd_node.host.settings import Paths

PAUSE = 0.5
"""Seconds between looks at a volume that is not there yet."""


def provide_data(places: Paths, volume: str, waiting: Waiting) -> None:
    """Mount the volume, if there is one, and give etcd its directory on it. Waits as long as it takes."""
    places.mount.mkdir(parents=True, exist_ok=True)
    if volume:
        device = places.device(volume)
        while (trouble := mount(device, places.mount)) is not None:
            waiting.on(f"waiting for the data volume {volume}: {trouble}")
            time.sleep(PAUSE)
    places.data.mkdir(exist_ok=True)
    places.data.chmod(0o700)
    _give_to_etcd(places.data)


def mount(device: Path, target: Path) -> str | None:
    """Mount a device unless it is mounted there already; what is in the way, if anything."""
    if not device.exists():
        return f"{device} is not there"
    if not target.is_mount():
        grow(device, mounted=False)
        done = subprocess.run(
            ["mount", "-o", "noatime", str(device), str(target)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            return " ".join(done.stderr.split()) or f"mount ended with {done.returncode}"
        say(f"mounted {device} on {target}")
    if target.stat().st_dev != device.stat().st_rdev:
        return f"another file system is mounted on {target}"
    return None


def set_aside(places: Paths, why: str, *, keep: bool = False) -> Path:
    """Move the data out of etcd's way, where an operator still finds it.

    Only the last such copy is kept, unless ``keep`` says that no copy is ever deleted but by an operator.
    """
    stem = target = places.mount / f"{why}-{time.strftime('%Y%m%dT%H%M%S')}"
    if not keep:
        for old in places.mount.glob(f"{why}-*"):
            shutil.rmtree(old, ignore_errors=True)
    number = 1
    while target.exists():
        number += 1
        target = stem.with_name(f"{stem.name}-{number}")
    places.data.rename(target)
    places.data.mkdir(mode=0o700)
    _give_to_etcd(places.data)
    return target


def _give_to_etcd(directory: Path) -> None:
    """A new root disk may have numbered its users anew, while the volume keeps the old numbers."""
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
