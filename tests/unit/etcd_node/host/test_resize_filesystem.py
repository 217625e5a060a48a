"""A file system takes the whole of its device when the device has grown."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from etcd_node.host.resize_filesystem import GIB, SUPERBLOCK, filesystem_bytes, grow


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """One of 2 GiB, as DigitalOcean formats it."""
    image = tmp_path / "volume.img"
    image.touch()
    os.truncate(image, 2 * GIB)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    return image


def in_use(device: Path) -> int:
    with device.open("rb") as disk:
        disk.seek(SUPERBLOCK)
        return filesystem_bytes(disk.read(SUPERBLOCK))


@pytest.mark.parametrize("mounted", [False, True])
def test_a_file_system_grows_with_its_device(
    device: Path, capfd: pytest.CaptureFixture[str], *, mounted: bool
) -> None:
    assert in_use(device) == 2 * GIB
    os.truncate(device, 3 * GIB)
    assert grow(device, mounted=mounted)
    assert in_use(device) == 3 * GIB
    assert f"the file system on {device} has grown to 3 GiB" in capfd.readouterr().err


def test_nothing_is_run_while_it_has_the_whole_device(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", pytest.fail)
    assert grow(device, mounted=False)
    # Less than the least by which a volume grows: what a file system leaves at its end is no reason.
    os.truncate(device, 3 * GIB - 4096)
    assert grow(device, mounted=True)


def test_one_that_cannot_grow_is_said(device: Path, capfd: pytest.CaptureFixture[str]) -> None:
    os.truncate(device, 3 * GIB)
    with device.open("r+b") as disk:
        # Its checksum will not do.
        disk.seek(SUPERBLOCK + 88)
        disk.write(b"\xff\xff")
    assert not grow(device, mounted=False)
    assert f"the file system on {device} does not grow: resize2fs" in capfd.readouterr().err


def test_one_that_was_mounted_since_its_last_check_is_checked_before(device: Path) -> None:
    subprocess.run(["debugfs", "-w", "-R", "set_super_value mtime 20370101", device], check=True)
    os.truncate(device, 3 * GIB)
    assert not grow(device, mounted=True)
    assert grow(device, mounted=False)


def test_one_of_the_largest_volume_is_counted_in_two_words() -> None:
    superblock = bytearray(SUPERBLOCK)
    superblock[4:8], superblock[24:28], superblock[336:340] = b"\0\0\0\0", b"\2\0\0\0", b"\1\0\0\0"
    assert filesystem_bytes(superblock) == 16 * 1024 * GIB
