"""A walk is the same for the same seed, and can be replayed and shrunk."""

from __future__ import annotations

from typing import Any

import pytest

from campaign.models.model import Model
from campaign.models.random_walk import kind, random_walk, replay
from campaign.models.rollout_promises import RolloutModel
from campaign.models.rollout_run import Guards
from campaign.models.schedules import MODELS, SIZES
from campaign.models.shrink import shrink

EVERY_MODEL = [
    pytest.param(make(size), id=f"{name}-{size}") for name, make in MODELS.items() for size in SIZES
]
UNSAFE = RolloutModel(5, Guards(orphans_wait=False))


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_a_walk_is_the_same_for_the_same_seed(model: Model[Any]) -> None:
    walk = random_walk(model, "7", 200)
    assert walk == random_walk(model, "7", 200)
    assert walk != random_walk(model, "8", 200)


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_a_replay_chooses_the_same_again(model: Model[Any]) -> None:
    walk = random_walk(model, "7", 200)
    assert replay(model, walk.start, walk.choices) == walk


@pytest.mark.parametrize("model", EVERY_MODEL)
def test_no_two_options_have_the_same_text(model: Model[Any]) -> None:
    walk = random_walk(model, "7", 60)
    state = model.starts()[walk.start]
    for choice in walk.choices:
        options = dict(model.options(state))
        assert len(options) == len(model.options(state))
        state = options[choice]


def test_a_replay_skips_a_choice_that_is_not_possible_any_more() -> None:
    walk = replay(
        RolloutModel(3), 0, ["member-1 drifts", "member-1 drifts", "member-1's gate opens", "a run begins"]
    )
    assert walk.choices == ("member-1 drifts", "a run begins")
    assert walk.impossible == 2
    assert walk.failure is None


def test_a_kind_is_a_text_without_names() -> None:
    assert kind("member-1 writes to member-2 and member-3") == "member writes to member"
    assert kind("member-1 fetches backup-2") == "member fetches backup"


def test_shrinking_leaves_only_the_steps_that_break_the_promise() -> None:
    walks = (random_walk(UNSAFE, str(seed), 400) for seed in range(100))
    walk = next(walk for walk in walks if walk.failure and len(walk.choices) > 40)
    shortest = shrink(UNSAFE, walk)
    assert shortest.failure is not None
    assert walk.failure is not None
    assert shortest.failure.promise == walk.failure.promise
    assert len(shortest.choices) < 12
    for at in range(len(shortest.choices)):
        fewer = replay(UNSAFE, shortest.start, shortest.choices[:at] + shortest.choices[at + 1 :])
        assert fewer.failure is None or fewer.failure.promise != walk.failure.promise


def test_a_walk_without_a_failure_is_not_shrunk() -> None:
    walk = random_walk(RolloutModel(3), "7", 50)
    assert shrink(RolloutModel(3), walk) is walk
