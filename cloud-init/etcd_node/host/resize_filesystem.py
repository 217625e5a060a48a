"""Grows the file system to the size of its volume. DigitalOcean only enlarges the volume."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from etcd_node.host.journal import say, warn

GIB = 1 << 30
"""Bytes by which a volume grows at least."""
SUPERBLOCK = 1024
"""Offset and length of ext4's superblock in bytes (https://docs.kernel.org/filesystems/ext4/super.html)."""


def grow_filesystem(device: Path, *, mounted: bool) -> bool:
    """Grow an ext4 file system to the size of its device. Returns whether it has that size. Raises ``OSError``."""
    with device.open("rb") as disk:
        size = disk.seek(0, os.SEEK_END)
        disk.seek(SUPERBLOCK)
        if size - filesystem_bytes(disk.read(SUPERBLOCK)) < GIB:
            return True
    if not mounted:
        # resize2fs demands this check, and does not touch what the check could not repair.
        subprocess.run(["e2fsck", "-fp", str(device)], capture_output=True, check=False)
    done = subprocess.run(["resize2fs", str(device)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        warn(f"cannot grow the file system on {device}: {' '.join(done.stderr.split())}")
        return False
    say(f"grew the file system on {device} to {size // GIB} GiB")
    return True


def filesystem_errors(device: Path) -> int:
    """Return the number of errors that the kernel has found in an ext4 file system. Raises ``OSError``."""
    with device.open("rb") as disk:
        disk.seek(SUPERBLOCK + 404)
        return int.from_bytes(disk.read(4), "little")


def filesystem_bytes(superblock: bytes) -> int:
    """Size in bytes of the ext4 file system that a superblock describes."""
    low, block_size, high = (int.from_bytes(superblock[at : at + 4], "little") for at in (4, 24, 336))
    return (high << 32 | low) << 10 + block_size
