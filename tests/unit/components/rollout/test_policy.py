"""What a run may do to which member next."""

from __future__ import annotations

import pytest

from components.etcd.member_status import Cause, NoStatus
from components.rollout.policy import (
    has_majority,
    member_to_repair,
    next_to_leave,
    not_joined,
    unrecorded_members,
)
from tests.unit.components.rollout.running_members import NAMES, healthy, observed


def test_members_leave_from_the_highest_number_down() -> None:
    assert next_to_leave(NAMES, NAMES[:1], observed()) == NAMES[2]
    assert next_to_leave(NAMES[:2], NAMES[:1], observed()) == NAMES[1]
    assert next_to_leave(NAMES[:1], NAMES[:1], observed()) is None


def test_an_unhealthy_member_leaves_first() -> None:
    assert next_to_leave(NAMES, NAMES[:1], observed(NAMES[1])) == NAMES[1]


def test_members_of_an_interrupted_run_leave_although_no_gate_knows_them() -> None:
    wanted, made, recorded = NAMES[:1], NAMES[:3], NAMES[:1]
    assert unrecorded_members(wanted, made, recorded) == [*NAMES[1:3]]


def test_members_that_a_gate_knows_are_recorded() -> None:
    assert unrecorded_members(NAMES[:1], NAMES[:3], NAMES[:3]) == []
    assert unrecorded_members(NAMES[:3], NAMES[:3], NAMES[:1]) == []


def test_a_droplet_whose_member_may_still_join_is_found() -> None:
    booting = {"etcd-server-9.etcd.example.com": NoStatus("no answer", Cause.SILENT)}
    assert not_joined(NAMES, {**observed(), **booting}) == [*booting]
    assert not_joined(NAMES[:1], observed()) == []


def test_an_unguarded_run_repairs_the_only_unhealthy_member_first() -> None:
    assert member_to_repair(NAMES, observed(NAMES[1])) == NAMES[1]
    assert member_to_repair(NAMES, observed()) is None
    assert member_to_repair(NAMES, observed(*NAMES[:2])) is None


def test_a_leaving_member_is_not_repaired() -> None:
    assert member_to_repair(NAMES[:2], observed(NAMES[2])) is None


@pytest.mark.parametrize(
    ("there", "unhealthy", "majority"),
    [(3, 1, True), (3, 2, False), (4, 1, True), (4, 2, False), (5, 2, True)],
)
def test_half_of_the_members_is_no_majority(there: int, unhealthy: int, majority: bool) -> None:
    names = [f"etcd-server-{number}.etcd.example.com" for number in range(1, there + 1)]
    answers = {
        name: NoStatus("gone") if number < unhealthy else healthy(names) for number, name in enumerate(names)
    }
    assert has_majority(answers) == majority
