"""Runs all schedules of a campaign of the models, on several processors, and counts."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from campaign.models.random_walk import Walk
from campaign.models.schedules import Schedule, run

BATCH = 50
"""How many schedules a worker gets at once."""


@dataclass
class Result:
    """What came of the schedules until now."""

    schedules: int = 0
    failed: int = 0
    lost: int = 0
    """How many of them lost an acknowledged write."""

    def add(self, walk: Walk) -> None:
        """Count one schedule."""
        self.schedules += 1
        if walk.failure is not None:
            self.failed += 1
            self.lost += walk.failure.loses_write

    def line(self) -> str:
        """The last line of a campaign."""
        passed = self.schedules - self.failed
        return f"schedules={self.schedules} failed={self.failed} lost={self.lost} linearizable={passed}"


def run_all(schedules: Iterable[Schedule], workers: int, done: Callable[[Schedule, Walk], None]) -> Result:
    """Run all schedules, and call ``done`` with each in turn."""
    result = Result()
    for schedule, walk in _walks(schedules, workers):
        result.add(walk)
        done(schedule, walk)
    return result


def _walks(schedules: Iterable[Schedule], workers: int) -> Iterator[tuple[Schedule, Walk]]:
    if workers == 1:
        yield from map(_run, schedules)
        return
    # A fork would copy the threads of the progress bar in an unknown state.
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(_run, schedules, chunksize=BATCH)


def _run(schedule: Schedule) -> tuple[Schedule, Walk]:
    return schedule, run(schedule)
