"""The data volume: its check, its reserve, and the data that is set aside on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_node.bootstrap.restore import LOG_ROOM, RestoreError, refuse_full_volume
from etcd_node.etcd.wal import Contents, read_disk
from etcd_node.host import volume
from etcd_node.host.journal import WaitLog
from etcd_node.host.settings import Paths
from etcd_node.host.volume import (
    RESERVE,
    is_read_only,
    keep_reserve,
    mount,
    prepare_data_directory,
    release_reserve,
    set_aside,
)


def paths_with(tmp_path: Path, content: str) -> Paths:
    paths = Paths(tmp_path)
    paths.data.mkdir(parents=True, exist_ok=True)
    (paths.data / "log").write_text(content)
    return paths


def copies(paths: Paths) -> list[str]:
    return sorted(one.read_text() for one in paths.mount.glob("given-up-*/log"))


@pytest.mark.parametrize("why", ["given-up", "damaged"])
def test_each_copy_that_an_operator_may_need_stays(tmp_path: Path, why: str) -> None:
    for content in ("original", "second", "third"):
        paths = paths_with(tmp_path, content)
        set_aside(paths, why)
        assert list(paths.data.iterdir()) == []
    assert sorted(one.read_text() for one in paths.mount.glob(f"{why}-*/log")) == [
        "original",
        "second",
        "third",
    ]


def test_what_a_repair_has_found_is_set_aside_with_the_data(tmp_path: Path) -> None:
    paths = paths_with(tmp_path, "data")
    (paths.mount / "lost+found").mkdir()
    (paths.mount / "lost+found/#17").write_text("found")
    (paths.mount / "lost+found/#18").mkdir()
    assert read_disk(paths.data).contents is Contents.REMAINS
    kept = set_aside(paths, "damaged")
    assert (kept / "#17").read_text() == "found"
    assert (kept / "#18").is_dir()
    assert read_disk(paths.data).contents is Contents.BLANK


def test_other_users_can_tell_whether_a_repair_has_found_anything(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    (paths.mount / "lost+found").mkdir(parents=True, mode=0o700)
    prepare_data_directory(paths, "", WaitLog())
    assert (paths.mount / "lost+found").stat().st_mode & 0o777 == 0o755
    assert paths.data.stat().st_mode & 0o777 == 0o700


def test_of_data_that_a_member_sets_aside_the_last_copy_stays(tmp_path: Path) -> None:
    paths = paths_with(tmp_path, "given up")
    set_aside(paths, "given-up")
    for content in ("first", "last"):
        paths_with(tmp_path, content)
        kept = set_aside(paths, "removed")
    assert [one.read_text() for one in paths.mount.glob("removed-*/log")] == ["last"]
    assert (kept / "log").read_text() == "last"
    assert copies(paths) == ["given up"]


def test_a_volume_that_is_too_full_is_reported_with_its_old_copies(tmp_path: Path) -> None:
    paths = paths_with(tmp_path, "given up")
    kept = set_aside(paths, "given-up")
    refuse_full_volume(paths.mount, size=1)
    with pytest.raises(
        RestoreError, match=rf"the backup needs {(1 << 30) + (LOG_ROOM >> 20)}: move .*{kept.name}"
    ):
        refuse_full_volume(paths.mount, size=1 << 50)


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The commands that ran. All of them are stand-ins that succeed."""
    calls = tmp_path / "calls"
    calls.touch()
    for name in ("e2fsck", "mount", "umount"):
        stand_in(tmp_path, name, 0)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(volume, "grow_filesystem", lambda *_, **__: True)
    return calls


def stand_in(folder: Path, name: str, status: int) -> None:
    program = folder / name
    program.write_text(f'#!/bin/sh\necho {name} "$@" >> {folder}/calls\nexit {status}\n')
    program.chmod(0o755)


def test_a_file_system_is_checked_before_it_is_mounted(tmp_path: Path, commands: Path) -> None:
    device = tmp_path / "device"
    device.touch()
    mount(device, tmp_path, tmp_path / "outgrown")
    assert commands.read_text().splitlines() == [
        f"e2fsck -p {device}",
        f"mount -o noatime,errors=remount-ro {device} {tmp_path}",
    ]


def test_a_repair_is_logged_and_the_file_system_is_mounted(
    tmp_path: Path, commands: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stand_in(tmp_path, "e2fsck", 1)
    (tmp_path / "device").touch()
    mount(tmp_path / "device", tmp_path, tmp_path / "outgrown")
    assert "repaired the file system" in capfd.readouterr().err
    assert "mount -o" in commands.read_text()


def test_a_file_system_that_cannot_be_repaired_is_not_mounted(tmp_path: Path, commands: Path) -> None:
    stand_in(tmp_path, "e2fsck", 4)
    (tmp_path / "device").touch()
    problem = mount(tmp_path / "device", tmp_path, tmp_path / "outgrown")
    assert problem is not None
    assert "e2fsck -p cannot repair it: see docs/recovery.md, A damaged file system" in problem
    assert "mount" not in commands.read_text()


def test_a_check_that_was_ended_is_no_damage(tmp_path: Path, commands: Path) -> None:
    (tmp_path / "e2fsck").write_text("#!/bin/sh\nkill -9 $$\n")
    (tmp_path / "device").touch()
    assert mount(tmp_path / "device", tmp_path, tmp_path / "outgrown") == "e2fsck was ended by signal 9"
    assert "mount" not in commands.read_text()


def test_a_device_that_cannot_be_read_is_named(
    tmp_path: Path, commands: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: object, **__: object) -> bool:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(volume, "grow_filesystem", unreadable)
    (tmp_path / "device").touch()
    problem = mount(tmp_path / "device", tmp_path, tmp_path / "outgrown")
    assert problem == "the device cannot be read: [Errno 5] Input/output error"
    assert "mount" not in commands.read_text()


@pytest.mark.parametrize(("word", "read_only"), [("rw", False), ("ro", True), ("rw,emergency_ro", True)])
def test_each_word_of_the_kernel_for_read_only_counts(
    monkeypatch: pytest.MonkeyPatch, word: str, *, read_only: bool
) -> None:
    line = f"89 48 7:18 / /var/lib/etcd rw,noatime shared:4 - ext4 /dev/sda {word},errors=remount-ro"
    monkeypatch.setattr(Path, "read_text", lambda *_: f"1 1 0:1 / / rw - overlay overlay rw\n{line}\n")
    assert is_read_only(Path("/var/lib/etcd")) is read_only
    assert not is_read_only(Path("/elsewhere"))


def test_a_reserve_that_was_not_completed_is_completed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = paths_with(tmp_path, "data")
    monkeypatch.setattr(volume, "disk_usage", lambda _: type("Usage", (), {"free": 8 * RESERVE}))
    monkeypatch.setattr(Path, "is_mount", lambda _: True)
    paths.reserve.write_bytes(b"")
    keep_reserve(paths)
    complete = paths.reserve.stat()
    assert complete.st_size == RESERVE
    keep_reserve(paths)
    assert paths.reserve.stat() == complete


def test_the_reserve_is_released_where_little_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = paths_with(tmp_path, "data")
    free = 8 * RESERVE
    monkeypatch.setattr(volume, "disk_usage", lambda _: type("Usage", (), {"free": free}))
    keep_reserve(paths)
    # The root disk would have it.
    assert not paths.reserve.exists()
    monkeypatch.setattr(Path, "is_mount", lambda _: True)
    keep_reserve(paths)
    assert paths.reserve.stat().st_size == RESERVE
    release_reserve(paths)
    assert paths.reserve.exists()
    free = RESERVE // 4
    release_reserve(paths)
    assert not paths.reserve.exists()
    assert "only 32 MiB free" in capfd.readouterr().err
    free = 2 * RESERVE
    keep_reserve(paths)
    assert not paths.reserve.exists()
