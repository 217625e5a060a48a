"""No reachable state of a rolling change is unsafe, and each guard is needed for that."""

from __future__ import annotations

import pytest

from campaign.models.rollout_model import Violation, explore, undisturbed
from campaign.models.rollout_run import Guards
from campaign.models.rollout_state import Left, Machine, Member, State, replace_all

ALL = Guards()


@pytest.fixture(scope="module")
def states() -> list[State]:
    reached = explore(ALL)
    assert not isinstance(reached, Violation), reached.trace
    return list(reached)


def test_no_run_shuts_a_member_down_while_another_is_unhealthy(states: list[State]) -> None:
    assert len(states) > 50_000
    assert any(state.run.unguarded for state in states if state.run)


def test_every_change_finishes_while_no_member_is_unhealthy(states: list[State]) -> None:
    calm = [
        state
        for state in states
        if all(member.machine is not Machine.UNHEALTHY for member in state.members)
        # A cluster does not survive two of three at once by itself.
        and sum(state.healthy()) >= 2
    ]
    assert len(calm) > 1_000
    run = undisturbed(ALL)
    for state in calm:
        # While a member boots, one that drifted may block its shutdown, and fail the first run.
        finished = run(run(state))
        assert all(member.healthy and member.known and not member.outdated for member in finished.members), (
            state
        )


def test_without_shutdown_blocks_drift_takes_a_second_member_down() -> None:
    violation = explore(Guards(shutdown_block=False), left=[Left.NOTHING])
    assert isinstance(violation, Violation)
    assert violation.trace[-1] == "another member is shut down"


def test_with_tags_corrected_last_members_allow_a_second_shutdown() -> None:
    violation = explore(Guards(tags_first=False))
    assert isinstance(violation, Violation)
    assert violation.trace[-1] == "a shutdown is allowed in the control panel"


@pytest.mark.parametrize("left", [Left.ALL_AT_ONCE, Left.TORN_DOWN], ids=lambda left: left.name)
def test_without_unguarded_mode_drift_takes_a_second_member_down(left: Left) -> None:
    violation = explore(Guards(unguarded_mode=False), left=[left])
    assert isinstance(violation, Violation)
    assert violation.trace[-1] == "another member is shut down"


def test_without_a_wait_an_orphan_is_deleted_while_one_is_unhealthy() -> None:
    assert isinstance(explore(Guards(orphans_wait=False)), Violation)


def test_a_drifted_member_waits_for_one_that_the_same_run_creates() -> None:
    drifted, missing = Member(outdated=True), Member(Machine.MISSING)
    state = State((drifted, missing, Member()))
    assert all(member.healthy and not member.outdated for member in undisturbed(ALL)(state).members)
    assert undisturbed(Guards(joining_first=False))(state).members[0].outdated


def test_without_a_power_on_a_member_stays_off_after_a_killed_run(states: list[State]) -> None:
    left = State((Member(), Member(Machine.OFF), Member()), outside=1)
    assert left in states
    assert all(member.healthy for member in undisturbed(ALL)(left).members)
    assert undisturbed(Guards(power=False))(left).members[1].machine is Machine.OFF


def test_an_unguarded_run_repairs_the_only_unhealthy_member_first() -> None:
    unhealthy = Member(Machine.UNHEALTHY, outdated=True)
    state = State((Member(outdated=True), Member(), unhealthy), left=Left.TORN_DOWN)
    assert all(member.healthy and not member.outdated for member in undisturbed(ALL)(state).members)
    guarded = state._replace(left=Left.NOTHING)
    assert undisturbed(ALL)(guarded).members[0].outdated


@pytest.mark.parametrize("guards", [Guards(gates=False), Guards(chain=False)], ids=["gates", "chain"])
def test_without_gates_in_turn_a_change_needs_more_than_one_run(guards: Guards) -> None:
    changed = replace_all(State())
    if guards.gates:
        # Drift alone: no gate's own input has changed.
        changed = changed._replace(
            members=tuple(member._replace(recorded=True) for member in changed.members)
        )
    assert any(member.outdated for member in undisturbed(guards)(changed).members)
    assert not any(member.outdated for member in undisturbed(ALL)(changed).members)
