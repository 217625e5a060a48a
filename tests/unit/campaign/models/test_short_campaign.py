"""A short campaign of a fixed seed, with three, four and five members. ``make campaign`` runs longer ones."""

from __future__ import annotations

from campaign.models.run_all import run_all
from campaign.models.schedules import MODELS, SIZES, schedules
from campaign.result import Result

EACH = 30
"""Schedules of each model: about two seconds of one processor."""


def test_no_schedule_of_the_models_breaks_a_promise() -> None:
    broken: list[str] = []
    result = run_all(
        schedules(EACH, seed=15),
        workers=1,
        done=lambda schedule, walk: (
            broken.append(f"{schedule.name}: {walk.failure}") if walk.failure else None
        ),
    )
    assert not broken
    assert result == Result(schedules=EACH * len(MODELS), linearizable=EACH * len(MODELS))
    assert result.line() == f"schedules={result.schedules} failed=0 lost=0 linearizable={result.schedules}"


def test_each_model_has_schedules_of_all_numbers_of_members() -> None:
    made = list(schedules(3, seed=1))
    assert {(schedule.model, schedule.size) for schedule in made} == {
        (name, size) for name in MODELS for size in SIZES
    }
    assert len({schedule.name for schedule in made}) == len(made)
