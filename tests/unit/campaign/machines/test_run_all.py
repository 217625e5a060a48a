"""A campaign on machines carries out at least one schedule, however little time it has."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest

from campaign.machines.run_all import drawn, in_time, run_all
from campaign.machines.verdict import Verdict
from campaign.schedule.documents import Schedule


@pytest.fixture
def carried_out(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The seeds of what is carried out, in clouds that need a while to start."""
    seeds: list[str] = []

    @contextmanager
    def cloud(name: str) -> Generator[str]:
        time.sleep(0.01)
        yield name

    def carry_out(_cloud: object, schedule: Schedule, *_: object) -> Verdict:
        seeds.append(schedule.seed)
        time.sleep(0.01)
        return Verdict((), linearizable=True)

    monkeypatch.setattr("campaign.machines.run_all.cloud", cloud)
    monkeypatch.setattr("campaign.machines.run_all.carry_out", carry_out)
    return seeds


@pytest.mark.parametrize("lanes", [1, 2])
def test_one_schedule_is_carried_out_however_short_the_time_is(
    tmp_path: Path, carried_out: list[str], lanes: int
) -> None:
    result = run_all(drawn(7), 0.001, tmp_path, lanes, lambda _line: None, keep=False)
    assert "7-1" in carried_out
    assert result.schedules == len(carried_out) <= lanes


def test_the_time_begins_with_the_first_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("campaign.machines.run_all.time", SimpleNamespace(monotonic=lambda: clock.now))
    schedules = in_time(drawn(7), 60.0)
    seeds: list[str] = []
    for clock.now in (1000.0, 1059.0, 1061.0):
        seeds += [one.seed for one in islice(schedules, 1)]
    assert seeds == ["7-1", "7-2"]
