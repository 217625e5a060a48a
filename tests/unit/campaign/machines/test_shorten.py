"""Shrinking a schedule of machines ends with the shortest one that fails, and with what that broke."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from campaign.history.present import LOST
from campaign.history.problem import Problem
from campaign.machines.shorten import Shortest, shorten
from campaign.machines.verdict import Verdict
from campaign.schedule.documents import ActionKind, Schedule, Start, Step
from localcloud.cloud import LocalCloud

SCHEDULE = Schedule(
    seed="x",
    start=Start(version="3.6.16"),
    steps=(Step(action=ActionKind.UP), Step(action=ActionKind.BACKUP), Step(action=ActionKind.UP)),
)
LOSES = Verdict((Problem(LOST, "m1 lacks a"),), linearizable=True)
ANOTHER = Verdict((Problem("watches", "misses revision 2"),), linearizable=True)
PASSES = Verdict((), linearizable=True)


def shortened(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, with_backup: Verdict, without: Verdict
) -> Shortest | None:
    """Shrink a schedule, as if its verdict came from its backup alone."""

    def carry_out(_cloud: LocalCloud, schedule: Schedule, kept: Path, *_: object) -> Verdict:
        kept.mkdir()
        (kept / "steps").write_text(" ".join(step.action for step in schedule.steps))
        has_backup = any(step.action is ActionKind.BACKUP for step in schedule.steps)
        return with_backup if has_backup else without

    made = (folder / str(number) for number in range(1000))
    monkeypatch.setattr("campaign.machines.shorten.carry_out", carry_out)
    monkeypatch.setattr("campaign.machines.shorten.new_folder", lambda *_: next(made))
    return shorten(cast(LocalCloud, None), SCHEDULE, folder, lambda _line: None)


@pytest.mark.parametrize("without", [PASSES, ANOTHER])
def test_the_shortest_schedule_comes_with_its_own_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: Verdict
) -> None:
    shortest = shortened(tmp_path, monkeypatch, with_backup=LOSES, without=without)
    assert shortest is not None
    assert shortest.verdict is LOSES
    assert (shortest.folder / "steps").read_text() == "backup"
    assert list(tmp_path.iterdir()) == [shortest.folder]


def test_a_schedule_that_passes_has_no_shortest_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shortened(tmp_path, monkeypatch, with_backup=PASSES, without=PASSES) is None
    assert list(tmp_path.iterdir()) == []
