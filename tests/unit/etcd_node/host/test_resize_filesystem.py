"""A file system grows to the size of its device."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from etcd_node.host.resize_filesystem import (
    GIB,
    SUPERBLOCK,
    filesystem_bytes,
    filesystem_errors,
    grow_filesystem,
)


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A device of 2 GiB, formatted as by DigitalOcean."""
    image = tmp_path / "volume.img"
    image.touch()
    os.truncate(image, 2 * GIB)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    return image


def size_of(device: Path) -> int:
    with device.open("rb") as disk:
        disk.seek(SUPERBLOCK)
        return filesystem_bytes(disk.read(SUPERBLOCK))


@pytest.mark.parametrize("mounted", [False, True])
def test_a_file_system_grows_with_its_device(
    device: Path, capfd: pytest.CaptureFixture[str], *, mounted: bool
) -> None:
    assert size_of(device) == 2 * GIB
    os.truncate(device, 3 * GIB)
    assert grow_filesystem(device, mounted=mounted)
    assert size_of(device) == 3 * GIB
    assert f"grew the file system on {device} to 3 GiB" in capfd.readouterr().err


def test_nothing_runs_while_the_file_system_has_its_full_size(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", pytest.fail)
    assert grow_filesystem(device, mounted=False)
    # Less than a volume grows by at least: a file system may leave some bytes unused at its end.
    os.truncate(device, 3 * GIB - 4096)
    assert grow_filesystem(device, mounted=True)


def test_a_failure_to_grow_is_logged(device: Path, capfd: pytest.CaptureFixture[str]) -> None:
    os.truncate(device, 3 * GIB)
    with device.open("r+b") as disk:
        # This breaks its checksum.
        disk.seek(SUPERBLOCK + 88)
        disk.write(b"\xff\xff")
    assert not grow_filesystem(device, mounted=False)
    assert f"cannot grow the file system on {device}: resize2fs" in capfd.readouterr().err


def test_a_file_system_that_was_mounted_is_checked_before_it_grows(device: Path) -> None:
    subprocess.run(["debugfs", "-w", "-R", "set_super_value mtime 20370101", device], check=True)
    os.truncate(device, 3 * GIB)
    assert not grow_filesystem(device, mounted=True)
    assert grow_filesystem(device, mounted=False)


def test_the_size_of_the_largest_volume_is_read_from_two_fields() -> None:
    superblock = bytearray(SUPERBLOCK)
    superblock[4:8], superblock[24:28], superblock[336:340] = b"\0\0\0\0", b"\2\0\0\0", b"\1\0\0\0"
    assert filesystem_bytes(superblock) == 16 * 1024 * GIB


def test_the_errors_that_the_kernel_has_found_are_counted(device: Path) -> None:
    assert filesystem_errors(device) == 0
    subprocess.run(
        ["debugfs", "-w", "-R", "set_super_value error_count 3", device], check=True, capture_output=True
    )
    assert filesystem_errors(device) == 3
