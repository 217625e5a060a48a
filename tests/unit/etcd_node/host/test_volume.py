"""Data that is set aside on the volume, and which copies stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_node.bootstrap.restore import LOG_ROOM, RestoreError, refuse_full_volume
from etcd_node.host.settings import Paths
from etcd_node.host.volume import set_aside


def paths_with(tmp_path: Path, content: str) -> Paths:
    paths = Paths(tmp_path)
    paths.data.mkdir(parents=True, exist_ok=True)
    (paths.data / "log").write_text(content)
    return paths


def copies(paths: Paths) -> list[str]:
    return sorted(one.read_text() for one in paths.mount.glob("given-up-*/log"))


def test_data_that_an_operator_abandons_is_never_deleted(tmp_path: Path) -> None:
    for content in ("original", "second", "third"):
        paths = paths_with(tmp_path, content)
        set_aside(paths, "given-up", keep=True)
        assert list(paths.data.iterdir()) == []
    assert copies(paths) == ["original", "second", "third"]


def test_of_data_that_a_member_sets_aside_the_last_copy_stays(tmp_path: Path) -> None:
    paths = paths_with(tmp_path, "given up")
    set_aside(paths, "given-up", keep=True)
    for content in ("first", "last"):
        paths_with(tmp_path, content)
        kept = set_aside(paths, "removed")
    assert [one.read_text() for one in paths.mount.glob("removed-*/log")] == ["last"]
    assert (kept / "log").read_text() == "last"
    assert copies(paths) == ["given up"]


def test_a_volume_that_is_too_full_is_reported_with_its_old_copies(tmp_path: Path) -> None:
    paths = paths_with(tmp_path, "given up")
    kept = set_aside(paths, "given-up", keep=True)
    refuse_full_volume(paths.mount, size=1)
    with pytest.raises(
        RestoreError, match=rf"the backup needs {(1 << 30) + (LOG_ROOM >> 20)}: move .*{kept.name}"
    ):
        refuse_full_volume(paths.mount, size=1 << 50)
