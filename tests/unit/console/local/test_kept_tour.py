"""The tour outlives the process of the console."""

from __future__ import annotations

import stat
from pathlib import Path

from console.local.kept_tour import NAME, KeptTour
from console.view.tour import Tour, TourStep

TOUR = Tour(steps=[TourStep(name="writer", done=5.0, seen="It writes.")])


def test_a_tour_is_read_as_it_was_kept(tmp_path: Path) -> None:
    assert KeptTour(tmp_path).read() is None
    KeptTour(tmp_path).keep(TOUR)
    assert KeptTour(tmp_path).read() == TOUR
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_a_tour_is_written_only_when_it_has_changed(tmp_path: Path) -> None:
    kept = KeptTour(tmp_path)
    kept.keep(TOUR)
    (tmp_path / NAME).unlink()
    kept.keep(TOUR)
    assert not (tmp_path / NAME).exists()


def test_a_tour_that_cannot_be_read_or_written_begins_anew(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"steps": [{"name": "unheard-of"}]}')
    assert KeptTour(tmp_path).read() is None
    KeptTour(tmp_path / "missing").keep(TOUR)
