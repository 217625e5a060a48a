"""The data directory of etcd on the data volume."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path
from shutil import disk_usage

from etcd_node.host.journal import WaitLog, say, warn
from etcd_node.host.resize_filesystem import grow_filesystem
from etcd_node.host.settings import Paths

RETRY_INTERVAL = 0.5
"""Seconds between two tries to mount a volume that is not attached yet."""

CHECK_INTERVAL = 10.0
"""Seconds between two tries to mount a volume with a damaged file system, each after a check."""

OPTIONS = "noatime,errors=remount-ro"
"""The options of the mount. At an error the kernel makes the file system read-only."""

RESERVE = 128 << 20
"""Bytes that are kept back on the volume. A full volume then still has room for one start of etcd."""


def prepare_data_directory(paths: Paths, volume: str, wait_log: WaitLog) -> None:
    """Mount the volume, if the member has one, and create etcd's directory. Waits until the volume is attached."""
    paths.mount.mkdir(parents=True, exist_ok=True)
    if volume:
        while (problem := mount(paths.device(volume), paths.mount, paths.outgrown)) is not None:
            wait_log.report(f"waiting for the data volume {volume}: {problem}")
            time.sleep(CHECK_INTERVAL if paths.device(volume).exists() else RETRY_INTERVAL)
        release_reserve(paths)
    for found in paths.mount.glob("lost+found"):
        # The exporter says whether this member has data, and is not root.
        found.chmod(0o755)
    paths.data.mkdir(exist_ok=True)
    paths.data.chmod(0o700)
    _give_to_etcd(paths.data)


def mount(device: Path, target: Path, outgrown: Path) -> str | None:
    """Check a device's file system and mount it, unless it is mounted already. Returns the problem, or ``None``.

    A file system that is read-only because of an error, or that is ``outgrown``, is unmounted first. etcd does not run
    now.
    """
    if not device.exists():
        return f"{device} does not exist"
    if target.is_mount() and (is_read_only(target) or outgrown.exists()):
        outgrown.unlink(missing_ok=True)
        warn(f"unmounting {target}, to check and grow its file system")
        if (problem := _run("umount", target)) and is_read_only(target):
            return f"it is read-only: {problem}"
    if not target.is_mount():
        _unmount_others(device)
        if problem := _check(device) or _run("mount", "-o", OPTIONS, device, target):
            return problem
        if is_read_only(target):
            return "the device is read-only"
        say(f"mounted {device} on {target}")
    if target.stat().st_dev != device.stat().st_rdev:
        return f"another file system is mounted on {target}: unmount it"
    # All mounts of a file system have the options of the first, until one of them is mounted again.
    if "errors=remount-ro" not in (mount_options(target) or OPTIONS):
        return _run("mount", "-o", f"remount,{OPTIONS}", target) or None
    return None


def _unmount_others(device: Path) -> None:
    """Undo each mount of a device. DigitalOcean's udev rule makes a unit for one below /mnt, with other options.

    https://docs.digitalocean.com/products/volumes/details/naming-conventions/
    """
    number = device.stat().st_rdev
    for words in _mounts():
        if words[2] == f"{os.major(number)}:{os.minor(number)}":
            point = words[4]
            # systemd-escape(1)
            unit = point[1:].replace("-", r"\x2d").replace("/", "-")
            # Without --root, each unit would count as changed on disk until systemd loads all of them again.
            _run("systemctl", "--root=/", "disable", f"{unit}.mount")
            warn(f"unmounting {point}: it is the data volume. {_run('umount', point)}")


def _check(device: Path) -> str:
    """Repair and grow a file system. Returns why it must not be mounted; empty if it may be."""
    # Bit 4: errors are left (e2fsck(8)). Other failures, such as another type of file system, are mount's to tell.
    check = subprocess.run(["e2fsck", "-p", device], capture_output=True, text=True, check=False)
    if check.returncode < 0:
        # Such as by the kernel, which was out of memory.
        return f"e2fsck was ended by signal {-check.returncode}"
    if check.returncode & 4:
        return "e2fsck -p cannot repair it: see docs/recovery.md, A damaged file system"
    if check.returncode & 3:
        warn(f"repaired the file system: {' '.join(check.stdout.split())[-300:]}")
    try:
        grow_filesystem(device, mounted=False)
    except OSError as error:
        return f"the device cannot be read: {error}"
    return ""


def mount_options(target: Path) -> list[str] | None:
    """The options of the file system at a mount point, or ``None`` (proc_pid_mountinfo(5)).

    Units that mount everything read-only for themselves change the options of the mount alone.
    """
    for words in _mounts():
        if words[4] == str(target):
            return words[-1].split(",")
    return None


def _mounts() -> list[list[str]]:
    return [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]


def is_read_only(target: Path) -> bool:
    """Whether nothing can be written to the file system at a mount point. Since Linux 6.15, ext4 has its own word."""
    return not {"ro", "emergency_ro"}.isdisjoint(mount_options(target) or ())


def _run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else " ".join(done.stderr.split()) or f"{command[0]}: {done.returncode}"


def release_reserve(paths: Paths) -> None:
    """Delete the reserve if the volume is full, so that etcd can start once more."""
    free = disk_usage(paths.mount).free
    if free < RESERVE // 2:
        paths.reserve.unlink(missing_ok=True)
        warn(
            f"the data volume has only {free >> 20} MiB free, and etcd ends without room: set a larger "
            "etcd:volumeSize, and run pulumi up"
        )


def keep_reserve(paths: Paths) -> None:
    """Make the reserve, if it is missing or incomplete and the volume is mounted and has much room."""
    if paths.mount.is_mount() and disk_usage(paths.mount).free > 4 * RESERVE:
        with paths.reserve.open("ab") as file:
            if file.tell() < RESERVE:
                os.posix_fallocate(file.fileno(), 0, RESERVE)


def set_aside(paths: Paths, why: str) -> Path:
    """Move the data into a directory ``WHY-TIME`` beside it, where an operator finds it. Returns the directory.

    What a member set aside unasked, since a quorum or an empty log showed that nobody needs it, replaces its earlier
    copy. All other copies stay, and what ``e2fsck`` has found goes with them.
    """
    stem = target = paths.mount / f"{why}-{time.strftime('%Y%m%dT%H%M%S')}"
    if unasked := why in {"removed", "unborn"}:
        for old in paths.mount.glob(f"{why}-*"):
            shutil.rmtree(old, ignore_errors=True)
    number = 1
    while target.exists():
        number += 1
        target = stem.with_name(f"{stem.name}-{number}")
    paths.data.rename(target)
    for found in () if unasked else paths.mount.glob("lost+found/*"):
        found.rename(target / found.name)
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
