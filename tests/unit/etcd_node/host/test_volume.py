"""Data that is set aside on the volume, and which copies stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_node.bootstrap.restore import LOG_ROOM, RestoreError, refuse_full_volume
from etcd_node.host.settings import Paths
from etcd_node.host.volume import set_aside


def places_with(tmp_path: Path, content: str) -> Paths:
    places = Paths(tmp_path)
    places.data.mkdir(parents=True, exist_ok=True)
    (places.data / "log").write_text(content)
    return places


def copies(places: Paths) -> list[str]:
    return sorted(one.read_text() for one in places.mount.glob("given-up-*/log"))


def test_data_that_an_operator_abandons_is_never_deleted(tmp_path: Path) -> None:
    for content in ("original", "second", "third"):
        places = places_with(tmp_path, content)
        set_aside(places, "given-up", keep=True)
        assert list(places.data.iterdir()) == []
    assert copies(places) == ["original", "second", "third"]


def test_of_data_that_a_member_sets_aside_the_last_copy_stays(tmp_path: Path) -> None:
    places = places_with(tmp_path, "given up")
    set_aside(places, "given-up", keep=True)
    for content in ("first", "last"):
        places_with(tmp_path, content)
        kept = set_aside(places, "removed")
    assert [one.read_text() for one in places.mount.glob("removed-*/log")] == ["last"]
    assert (kept / "log").read_text() == "last"
    assert copies(places) == ["given up"]


def test_a_volume_that_is_too_full_is_reported_with_its_old_copies(tmp_path: Path) -> None:
    places = places_with(tmp_path, "given up")
    kept = set_aside(places, "given-up", keep=True)
    refuse_full_volume(places.mount, size=1)
    with pytest.raises(
        RestoreError, match=rf"the backup needs {(1 << 30) + (LOG_ROOM >> 20)}: move .*{kept.name}"
    ):
        refuse_full_volume(places.mount, size=1 << 50)
