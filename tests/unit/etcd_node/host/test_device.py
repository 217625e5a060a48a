"""The device of the data volume, by its name or by its label."""

from __future__ import annotations

from pathlib import Path

import pytest
from etcd_node.host import volume
from etcd_node.host.journal import WaitLog
from etcd_node.host.settings import Paths

from components.shared.names import VOLUME_LABEL

NAME = "etcd-a-project-with-a-long-name-and-a-stack-with-a-long-name-1"


def link(folder: Path, name: str) -> Path:
    """Make a device's name, as udev does."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.touch()
    return path


def test_a_volume_is_found_by_its_name(tmp_path: Path) -> None:
    named = link(tmp_path / "dev/disk/by-id", f"scsi-0DO_Volume_{NAME}")
    link(tmp_path / "dev/disk/by-label", VOLUME_LABEL)
    assert Paths(tmp_path).device(NAME) == named


def test_a_volume_whose_name_is_cut_is_found_by_its_label(tmp_path: Path) -> None:
    link(tmp_path / "dev/disk/by-id", f"scsi-0DO_Volume_{NAME[:32]}")
    labelled = link(tmp_path / "dev/disk/by-label", VOLUME_LABEL)
    assert Paths(tmp_path).device(NAME) == labelled


def test_a_detached_volume_is_waited_for_by_its_name(tmp_path: Path) -> None:
    assert Paths(tmp_path).device(NAME) == tmp_path / f"dev/disk/by-id/scsi-0DO_Volume_{NAME}"


def test_a_volume_that_appears_later_is_mounted_by_its_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = Paths(tmp_path)
    tried: list[Path] = []

    def mount(device: Path, *_: object) -> str | None:
        tried.append(device)
        return None if device.exists() else "it does not exist"

    def attach(_: float) -> None:
        link(tmp_path / "dev/disk/by-label", VOLUME_LABEL)

    monkeypatch.setattr(volume, "mount", mount)
    monkeypatch.setattr(volume.time, "sleep", attach)
    volume.prepare_data_directory(paths, NAME, WaitLog())
    assert tried[-1] == tmp_path / "dev/disk/by-label" / VOLUME_LABEL
