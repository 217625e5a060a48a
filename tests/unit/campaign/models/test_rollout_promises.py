"""How many undisturbed runs the rollout model promises to finish every change."""

from __future__ import annotations

import pytest

from campaign.models.random_walk import replay
from campaign.models.rollout_model import undisturbed
from campaign.models.rollout_promises import RolloutModel
from campaign.models.rollout_run import Guards
from campaign.models.rollout_state import Machine, Member, State

OFF = Member(Machine.OFF)
DRIFTED = Member(outdated=True)
CHANGED = Member(outdated=True, recorded=False)

KILLED_BEFORE_A_DELETION = (
    "the configuration changes",
    "member-1 is deleted outside",
    "a run with --refresh begins",
    "member-1's gate opens",
    "member-1 is created beside the others",
    "member-1 has booted",
    "member-1 stays",
    "member-1 drifts",
    "member-2's gate opens",
    "member-2 is shut down",
)
"""The run that comes next powers member-2 on, and member-1 blocks its shutdown until member-2 has booted."""


@pytest.mark.parametrize("size", [3, 4, 5])
def test_a_drifted_member_may_fail_the_run_that_powers_another_on(size: int) -> None:
    model = RolloutModel(size)
    walk = replay(model, 0, KILLED_BEFORE_A_DELETION)
    assert walk.choices == KILLED_BEFORE_A_DELETION
    assert walk.failure is None


def test_a_blocked_shutdown_is_what_two_runs_are_needed_for() -> None:
    run, left = undisturbed(Guards()), State((DRIFTED, OFF, Member()))
    once = run(left)
    assert once.members == (DRIFTED, Member(Machine.HEALTHY), Member())
    assert run(once).members == (Member(), Member(), Member())


def test_one_run_is_enough_for_a_member_that_is_off_behind_gates() -> None:
    left = State((CHANGED, OFF, Member()))
    assert RolloutModel(3).failure_at_end(left) is None
    failure = RolloutModel(3, Guards(gates=False)).failure_at_end(left)
    assert failure is not None
    assert failure.promise.startswith("one undisturbed run finishes every change")
