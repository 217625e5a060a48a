"""A bug that is put in on purpose is found by random schedules, with three, four and five members.

The number beside each bug is the seed of the first of the seeds 0, 1, 2, … that finds it. When a model or the walk
changes, other seeds find it: search from 0 again.
"""

from __future__ import annotations

from typing import Any

import pytest
from etcd_node.bootstrap import bootstrap_rules
from etcd_node.bootstrap.bootstrap_rules import RULES, Rule

from campaign.models import bootstrap_model, restore_model, rollout_run
from campaign.models.bootstrap_promises import BootstrapModel
from campaign.models.model import Failure, Model
from campaign.models.random_walk import random_walk, replay
from campaign.models.restore_promises import RestoreModel
from campaign.models.rollout_promises import RolloutModel
from campaign.models.schedules import SIZES, STEPS

ONE_DOWN = "only while all others are healthy"
FINISHED = "every change"
WRITE = "no quorum runs without an acknowledged write"
CLUSTER = "undisturbed members form one cluster"


def found(model: Model[Any], seed: int) -> Failure:
    failure = random_walk(model, str(seed), STEPS).failure
    assert failure is not None
    return failure


def without(name: str) -> list[Rule]:
    rule = getattr(bootstrap_rules, name)
    assert rule in RULES
    return [other for other in RULES if other is not rule]


@pytest.mark.parametrize(
    ("guard", "size", "seed", "promise"),
    [
        ("tags_first", 3, 0, ONE_DOWN),
        ("tags_first", 4, 0, ONE_DOWN),
        ("tags_first", 5, 0, ONE_DOWN),
        ("shutdown_block", 3, 1, ONE_DOWN),
        ("shutdown_block", 4, 8, ONE_DOWN),
        ("shutdown_block", 5, 3, ONE_DOWN),
        ("orphans_wait", 3, 2, ONE_DOWN),
        ("orphans_wait", 4, 8, ONE_DOWN),
        ("orphans_wait", 5, 1, ONE_DOWN),
        ("unguarded_mode", 3, 2, ONE_DOWN),
        ("unguarded_mode", 4, 7, ONE_DOWN),
        ("unguarded_mode", 5, 7, ONE_DOWN),
        ("gates", 3, 0, FINISHED),
        ("gates", 4, 0, FINISHED),
        ("gates", 5, 0, FINISHED),
        ("chain", 3, 80, FINISHED),
        ("chain", 4, 48, FINISHED),
        ("chain", 5, 74, FINISHED),
        ("joining_first", 3, 80, FINISHED),
        ("joining_first", 4, 21, FINISHED),
        ("joining_first", 5, 160, FINISHED),
        ("power", 3, 137, FINISHED),
        ("power", 4, 145, FINISHED),
    ],
)
def test_a_guard_of_rolling_changes_is_missed(guard: str, size: int, seed: int, promise: str) -> None:
    failure = found(RolloutModel(size, rollout_run.Guards(**{guard: False})), seed)
    assert promise in failure.promise
    assert not failure.loses_write


@pytest.mark.parametrize(
    ("rule", "size", "seed"),
    [
        ("everyone_answers", 3, 261),
        ("everyone_answers", 4, 29),
        ("everyone_answers", 5, 4),
        ("nobody_runs_etcd", 3, 4),
        ("nobody_runs_etcd", 4, 29),
        ("nobody_runs_etcd", 5, 21),
        ("everyone_has_this_token", 3, 325),
        ("everyone_has_this_token", 4, 540),
    ],
)
def test_a_write_is_lost_without_a_rule_of_the_bootstrap(rule: str, size: int, seed: int) -> None:
    failure = found(BootstrapModel(size, bootstrap_model.Guards(size, without(rule))), seed)
    assert failure.promise == WRITE
    assert failure.loses_write


@pytest.mark.parametrize(("size", "seed"), [(3, 1), (4, 3), (5, 0)])
def test_a_grown_cluster_starts_twice_when_later_members_are_not_asked(size: int, seed: int) -> None:
    guards = bootstrap_model.Guards(size - 2, without("later_members_have_no_data"))
    assert found(BootstrapModel(size, guards), seed).loses_write


@pytest.mark.parametrize(
    ("guard", "size", "seed", "promise"),
    [
        ("own_run", 3, 12, WRITE),
        ("own_run", 4, 165, WRITE),
        ("own_run", 5, 16, WRITE),
        ("disk_decides", 3, 7, WRITE),
        ("disk_decides", 4, 12, CLUSTER),
        ("disk_decides", 5, 19, CLUSTER),
        ("only_empty_logs_discarded", 3, 4, WRITE),
        ("only_empty_logs_discarded", 4, 1, WRITE),
        ("only_empty_logs_discarded", 5, 3, WRITE),
    ],
)
def test_a_guard_around_the_decision_is_missed(guard: str, size: int, seed: int, promise: str) -> None:
    model = BootstrapModel(size, bootstrap_model.Guards(size, **{guard: False}))
    assert found(model, seed).promise == promise


@pytest.mark.parametrize(
    ("own_snapshot", "size", "seed"),
    [
        (True, 3, 4),
        (True, 4, 1),
        (True, 5, 2),
        (False, 3, 4),
        (False, 4, 1),
        (False, 5, 2),
    ],
)
def test_members_start_with_different_snapshots_without_the_rule(
    own_snapshot: bool, size: int, seed: int
) -> None:
    guards = restore_model.Guards(without("everyone_has_the_snapshot"), own_snapshot)
    assert (
        found(RestoreModel(size, guards), seed).promise
        == "all members start with the snapshot of the decision"
    )


def blank_one_after_the_other(size: int, *, two_rounds: bool) -> list[str]:
    """A schedule that is too rare for chance: all members are blank when they are asked, but not at one moment.

    An old decision arrives while the deciding member asks. Most of the members that start by it lose their disks.
    """
    names = [f"member-{number}" for number in range(1, size + 1)]
    wiped, keeping = names[1 : size // 2 + 1], names[size // 2 + 1 :]
    first = {name: f"the deciding member asks {name}: it has no data" for name in names}
    second = {name: f"the deciding member asks {name} again: it has no data" for name in names}
    if two_rounds:
        before = [*first.values(), *(second[name] for name in keeping)]
        after = [second[name] for name in ["member-1", *wiped]]
    else:
        before = [first[name] for name in keeping]
        after = [first[name] for name in ["member-1", *wiped]]
    return [
        *before,
        *(f"{name} hears of a decision" for name in names[1:]),
        *(f"{name} starts new" for name in names[1:]),
        f"member-2 writes to {' and '.join(names[2 : 2 + size // 2])}",
        *(f"{name} {what}" for name in wiped for what in ("loses power", "loses its disk", "boots")),
        *after,
        "the deciding member decides",
        *(f"{name} hears of a decision" for name in wiped),
        *(f"{name} starts new" for name in ["member-1", *wiped]),
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("two_rounds", [True, False])
def test_members_that_were_blank_at_different_moments_lose_a_write(size: int, two_rounds: bool) -> None:
    rules = without("nobody_restarted_meanwhile") if two_rounds else RULES
    broken = BootstrapModel(size, bootstrap_model.Guards(size, rules, two_rounds=two_rounds))
    whole = BootstrapModel(size, bootstrap_model.Guards(size))
    after_a_decision = len(whole.starts()) - 1
    choices = blank_one_after_the_other(size, two_rounds=two_rounds)
    lost = replay(broken, after_a_decision, choices)
    assert lost.choices == tuple(choices[: len(lost.choices)])
    assert lost.failure is not None
    assert lost.failure.loses_write
    assert replay(whole, after_a_decision, choices).failure is None
