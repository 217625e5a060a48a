"""A bug that is put in on purpose is found by random schedules, with three, four and five members."""

from __future__ import annotations

from typing import Any

import pytest
from etcd_node.bootstrap.bootstrap_rules import (
    RULES,
    Rule,
    everyone_has_the_snapshot,
    later_members_have_no_data,
)

from campaign.models import bootstrap_model, restore_model, rollout_run
from campaign.models.bootstrap_promises import BootstrapModel
from campaign.models.model import Failure, Model
from campaign.models.random_walk import random_walk
from campaign.models.restore_promises import RestoreModel
from campaign.models.rollout_promises import RolloutModel
from campaign.models.schedules import SIZES, STEPS


def found(model: Model[Any], first: int = 0, schedules: int = 200) -> Failure:
    """The first failure among so many schedules."""
    walks = (random_walk(model, str(seed), STEPS) for seed in range(first, first + schedules))
    return next(walk.failure for walk in walks if walk.failure)


def without(rule: Rule) -> list[Rule]:
    return [other for other in RULES if other is not rule]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("guard", ["tags_first", "shutdown_block", "orphans_wait", "unguarded_mode"])
def test_a_second_member_goes_down_without_a_guard(guard: str, size: int) -> None:
    failure = found(RolloutModel(size, rollout_run.Guards(**{guard: False})))
    assert failure.promise.endswith("only while all others are healthy")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("guard", ["gates", "chain", "joining_first"])
def test_a_change_is_not_finished_without_a_guard(guard: str, size: int) -> None:
    failure = found(RolloutModel(size, rollout_run.Guards(**{guard: False})))
    assert "finishes every change" in failure.promise or "finish every change" in failure.promise


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("own_snapshot", [True, False])
def test_members_start_with_different_snapshots_without_the_rule(size: int, own_snapshot: bool) -> None:
    guards = restore_model.Guards(without(everyone_has_the_snapshot), own_snapshot)
    assert found(RestoreModel(size, guards)).promise == "all members start with the snapshot of the decision"
