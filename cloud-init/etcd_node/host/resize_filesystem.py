"""A file system that takes the whole of its volume: DigitalOcean enlarges the volume alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from etcd_node.host.journal import say, warn

GIB = 1 << 30
"""By which a volume grows at least."""
SUPERBLOCK = 1024
"""Where ext4 keeps it on a device, and its length (https://docs.kernel.org/filesystems/ext4/super.html)."""


def grow(device: Path, *, mounted: bool) -> bool:
    """Give an ext4 the rest of its device, if there is any; whether it has all of it then. Raises ``OSError``."""
    with device.open("rb") as disk:
        size = disk.seek(0, os.SEEK_END)
        disk.seek(SUPERBLOCK)
        if size - filesystem_bytes(disk.read(SUPERBLOCK)) < GIB:
            return True
    if not mounted:
        # resize2fs asks for it, and refuses what it could not put right.
        subprocess.run(["e2fsck", "-fp", str(device)], capture_output=True, check=False)
    done = subprocess.run(["resize2fs", str(device)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        warn(f"the file system on {device} does not grow: {' '.join(done.stderr.split())}")
        return False
    say(f"the file system on {device} has grown to {size // GIB} GiB")
    return True


def filesystem_bytes(superblock: bytes) -> int:
    """Bytes of the ext4 that a superblock describes."""
    low, block_size, high = (int.from_bytes(superblock[at : at + 4], "little") for at in (4, 24, 336))
    return (high << 32 | low) << 10 + block_size
