"""Runs all schedules of a campaign of the models, on several processors, and counts."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator

from campaign.models.random_walk import Walk
from campaign.models.schedules import Schedule, run
from campaign.result import Result

BATCH = 50
"""How many schedules a worker gets at once."""


def count(result: Result, walk: Walk) -> None:
    """Count one walk. A walk of a model has no calls: what breaks no promise is linearizable."""
    failure = walk.failure
    result.add(
        failed=failure is not None,
        lost=failure is not None and failure.loses_write,
        linearizable=failure is None,
    )


def run_all(schedules: Iterable[Schedule], workers: int, done: Callable[[Schedule, Walk], None]) -> Result:
    """Run all schedules, and call ``done`` with each in turn."""
    result = Result()
    for schedule, walk in _walks(schedules, workers):
        count(result, walk)
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
