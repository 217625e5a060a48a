"""The mount of a real volume: an ext4 file system on a loop device."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from etcd_node.host.volume import is_read_only, mount, mount_options


def run(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


CLONE_NEWNS = 0x20000


@pytest.fixture
def own_mounts() -> Iterator[None]:
    """Mounts of this test alone. A machine that starts meanwhile would keep a copy of others, and the device busy."""
    libc, folder_before = ctypes.CDLL(None), Path.cwd()
    with Path("/proc/thread-self/ns/mnt").open() as before:
        assert libc.unshare(CLONE_NEWNS) == 0
        run("mount", "--make-rprivate", "/")
        yield
        assert libc.setns(before.fileno(), CLONE_NEWNS) == 0
    # setns(2) changes it to the root directory.
    os.chdir(folder_before)


@pytest.fixture
def device(tmp_path: Path, own_mounts: None) -> Iterator[Path]:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    run("mkfs.ext4", "-q", "-F", image)
    found = Path(run("losetup", "--find", "--show", image))
    yield found
    subprocess.run(["umount", "--all-targets", found], capture_output=True, check=False)
    run("losetup", "--detach", found)


def folder(tmp_path: Path, name: str) -> Path:
    made = tmp_path / name
    made.mkdir()
    return made


@pytest.mark.parametrize("options", ["defaults,nofail,discard,noatime", "ro"])
def test_a_mount_that_the_droplets_image_made_is_undone(tmp_path: Path, device: Path, options: str) -> None:
    image_mount, target = folder(tmp_path, "etcd-first_mount"), folder(tmp_path, "etcd")
    run("mount", "-o", options, device, image_mount)
    assert mount(device, target, tmp_path / "outgrown") is None
    assert run("findmnt", "--noheadings", "--output", "TARGET", "--source", device) == str(target)
    assert mount_options(target) == ["rw", "errors=remount-ro"]


def test_a_mount_that_is_in_use_does_not_keep_its_options(tmp_path: Path, device: Path) -> None:
    used, target = folder(tmp_path, "used"), folder(tmp_path, "etcd")
    run("mount", device, used)
    with (used / "file").open("w"):
        assert mount(device, target, tmp_path / "outgrown") is None
    assert "errors=remount-ro" in (mount_options(target) or ())


def test_a_read_only_file_system_is_checked_although_it_is_mounted_twice(
    tmp_path: Path, device: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    second, target = folder(tmp_path, "second"), folder(tmp_path, "etcd")
    assert mount(device, target, tmp_path / "outgrown") is None
    run("mount", device, second)
    run("mount", "-o", "remount,ro", target)
    run("mount", "-o", "remount,ro", second)
    assert is_read_only(target)
    assert mount(device, target, tmp_path / "outgrown") is None
    assert not is_read_only(target)
    assert not second.is_mount()
    assert f"unmounting {second}: it is the data volume" in capfd.readouterr().err
