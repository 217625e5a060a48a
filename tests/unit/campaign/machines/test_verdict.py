"""A verdict tells the first problems of each check, and how many more there are."""

from __future__ import annotations

from campaign.history.problem import Problem
from campaign.machines.run_all import count
from campaign.machines.verdict import LOST, Verdict
from campaign.result import Result

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
