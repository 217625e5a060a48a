"""Volumes without machines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localcloud.machines import volumes
from localcloud.machines.volumes import Volumes


def test_a_connected_volume_has_no_limit_of_a_device_with_its_number(
    host: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = tmp_path / "limits"
    limits.touch()
    monkeypatch.setattr(volumes, "LIMITS", limits)
    kept = Volumes(tmp_path / "volumes")
    kept.create("data", 1, "", "")
    try:
        number = Path(kept.connect("data")).stat().st_rdev
        assert limits.read_text() == f"{os.major(number)}:{os.minor(number)} 0"
    finally:
        kept.delete("data")
