"""Block storage volumes: sparse images behind loop devices."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from localcloud.machines.commands import run
from localcloud.machines.errors import LocalCloudError

LIMITS = Path("/sys/fs/cgroup/blkio/blkio.throttle.write_iops_device")
"""Limits of writes by the numbers of devices, for all processes. Hosts with cgroup v2 alone have no such file."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
_GIB = 1 << 30


def device_path(name: str) -> str:
    """Return the volume's device inside a machine, named as on a droplet."""
    return f"/dev/disk/by-id/scsi-0DO_Volume_{name}"


def limit_writes(device: Path, per_second: int) -> None:
    """Limit the writes to a device, those of the kernel's journal as well. 0 removes the limit."""
    number = device.stat().st_rdev
    LIMITS.write_text(f"{os.major(number)}:{os.minor(number)} {per_second}")


class Volumes:
    """The volumes of one local cloud, by name."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def create(self, name: str, size_gib: int, filesystem: str, label: str) -> None:
        """Create a volume, formatted unless ``filesystem`` (``ext4``, ``xfs``) is empty. An existing one is kept."""
        image = self._image(name)
        if image.exists():
            return
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = image.with_suffix(f".{os.getpid()}.new")
        with temporary.open("wb") as file:
            file.truncate(size_gib * _GIB)
        try:
            if filesystem:
                run([*_mkfs(filesystem, label), temporary])
                self._new(name).touch()
            temporary.replace(image)
        finally:
            temporary.unlink(missing_ok=True)

    def resize(self, name: str, size_gib: int) -> None:
        """Grow the block device, even while it is attached. Raises ``LocalCloudError`` if the size is smaller."""
        image = self._existing(name)
        size = size_gib * _GIB
        if size < image.stat().st_size:
            raise LocalCloudError(
                f"volume {name} has {image.stat().st_size // _GIB} GiB: a volume cannot shrink to {size_gib} GiB"
            )
        os.truncate(image, size)
        for device in self._devices(image):
            run(["losetup", "--set-capacity", device])

    def delete(self, name: str) -> None:
        """Delete the volume and its data. A missing volume is no error."""
        image = self._image(name)
        if image.exists():
            self.disconnect(name)
            image.unlink()
        self._new(name).unlink(missing_ok=True)

    def first_attached(self, name: str) -> bool:
        """Whether the volume was created with a file system, and is attached for the first time now."""
        mark = self._new(name)
        new = mark.exists()
        mark.unlink(missing_ok=True)
        return new

    def connect(self, name: str) -> str:
        """Return the volume's loop device, and make it if it is missing."""
        image = self._existing(name)
        devices = self._devices(image)
        if devices:
            return devices[0]
        # Direct I/O avoids a second copy of every page on the host. losetup ignores it on file systems without it.
        device = run(["losetup", "--find", "--show", "--direct-io=on", image]).strip()
        if LIMITS.exists():
            # Tests limit volumes, and a killed one leaves its limit to the next device with this number.
            limit_writes(Path(device), 0)
        return device

    def disconnect(self, name: str) -> None:
        """Remove the volume's loop device. The kernel removes a busy one after its last use."""
        for device in self._devices(self._image(name)):
            run(["losetup", "--detach", device])

    def disconnect_all(self) -> None:
        """Remove every loop device of this local cloud, including those of deleted volumes."""
        for device, image in _loop_devices():
            if image.removesuffix(" (deleted)").startswith(f"{self._directory}/"):
                run(["losetup", "--detach", device])

    def _devices(self, image: Path) -> list[str]:
        return [device for device, backing in _loop_devices() if backing == str(image)]

    def _existing(self, name: str) -> Path:
        image = self._image(name)
        if not image.exists():
            raise LocalCloudError(f"volume {name} does not exist: {image} is missing")
        return image

    def _new(self, name: str) -> Path:
        return self._image(name).with_suffix(".new-filesystem")

    def _image(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise LocalCloudError(
                f"the volume's name is {name!r}: use 1 to 64 lower-case letters, digits and inner hyphens"
            )
        return self._directory / f"{name}.img"


def _loop_devices() -> list[tuple[str, str]]:
    listing = run(["losetup", "--list", "--json", "--output", "NAME,BACK-FILE"])
    if not listing.strip():
        return []
    return [(entry["name"], entry["back-file"] or "") for entry in json.loads(listing)["loopdevices"]]


def _mkfs(filesystem: str, label: str) -> list[str]:
    match filesystem:
        case "ext4":
            return ["mkfs.ext4", "-q", "-F", *(["-L", label] if label else [])]
        case "xfs":
            return ["mkfs.xfs", "-q", "-f", *(["-L", label] if label else [])]
        case _:
            raise LocalCloudError(f"the volume's filesystem is {filesystem!r}: use ext4 or xfs")
