"""Drops steps and faults of a failing schedule while it keeps failing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from campaign.schedule.documents import Schedule


def shrink(schedule: Schedule, fails: Callable[[Schedule], bool]) -> Schedule:
    """Drop steps first, from the end, then single faults, until nothing can be dropped."""
    while True:
        shorter = next((one for one in _shorter(schedule) if fails(one)), None)
        if shorter is None:
            return schedule
        schedule = shorter


def _shorter(schedule: Schedule) -> Iterator[Schedule]:
    """The schedules with one step or one fault less."""
    for number in reversed(range(len(schedule.steps))):
        steps = schedule.steps[:number] + schedule.steps[number + 1 :]
        yield schedule.model_copy(update={"steps": steps})
    for number, step in enumerate(schedule.steps):
        for left_out in range(len(step.faults)):
            faults = step.faults[:left_out] + step.faults[left_out + 1 :]
            changed = step.model_copy(update={"faults": faults})
            steps = (*schedule.steps[:number], changed, *schedule.steps[number + 1 :])
            yield schedule.model_copy(update={"steps": steps})
