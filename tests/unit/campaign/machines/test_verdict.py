"""A verdict tells the first problems of each check, and how many more there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaign.history.present import LOST, STORES
from campaign.history.problem import Problem
from campaign.machines.run_all import count
from campaign.machines.verdict import Verdict
from campaign.result import Result

from .ended_life import OTHER, judged_with

LINEARIZABLE = '{"verdict": "ok", "operations": 0, "partitions": 0, "failed": [], "seconds": 0}'

MANY = tuple(Problem("watches", f"misses revision {number}") for number in range(100, 120))


def test_a_schedule_without_a_problem_tells_what_it_did() -> None:
    verdict = Verdict((), linearizable=True, operations=10, acknowledged=9, runs=2)
    assert verdict.told() == "No promise is broken: 10 calls, 9 of them acknowledged, 2 runs of pulumi.\n"


def test_a_check_that_breaks_many_times_is_told_briefly() -> None:
    lines = Verdict((Problem(LOST, "a lacks x"), *MANY), linearizable=False).told().splitlines()
    assert lines[0] == "Broken promise, present: a lacks x"
    assert lines[1] == "Broken promise, watches: misses revision 100"
    assert lines[-1] == "Broken promise, watches: 15 times more"
    assert len(lines) == 7


def test_the_last_line_counts_schedules() -> None:
    result = Result()
    count(result, Verdict((), linearizable=True))
    count(result, Verdict((Problem(LOST, "a lacks x"), Problem(LOST, "b lacks x")), linearizable=True))
    count(result, Verdict(MANY, linearizable=False))
    assert result.line() == "schedules=3 failed=2 lost=1 linearizable=2"


def test_a_member_that_cannot_be_read_has_lost_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = judged_with(f"echo '{LINEARIZABLE}'", tmp_path, monkeypatch, unread={"m2": "no answer"})
    assert found.problems == (OTHER, Problem(STORES, "m2 could not be read: no answer"))
    result = Result()
    count(result, found)
    assert result.line() == "schedules=1 failed=1 lost=0 linearizable=1"
