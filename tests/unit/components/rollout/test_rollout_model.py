"""Every reachable state of a rolling change, and what each of its guards is for."""

from __future__ import annotations

import pytest

from tests.unit.components.rollout.rollout_model import (
    Guards,
    Member,
    State,
    Violation,
    explore,
    replace_all,
    undisturbed,
)


@pytest.fixture(scope="module")
def states() -> list[State]:
    reached = explore(Guards())
    assert not isinstance(reached, Violation), reached.trace
    return list(reached)


def test_no_run_takes_a_member_down_while_another_is_not_well(states: list[State]) -> None:
    assert len(states) > 50_000


def test_from_every_state_without_a_sick_member_the_change_is_finished(states: list[State]) -> None:
    calm = [state for state in states if not any(member.sick for member in state.members)]
    # Two of three at once is more than a cluster survives by itself.
    calm = [state for state in calm if sum(state.well()) >= 2]
    assert len(calm) > 1_000
    for state in calm:
        # A run that comes while a member still boots may be refused once, by the veto of one that drifted.
        finished = undisturbed(undisturbed(state, Guards()), Guards())
        assert all(member.well and member.known and not member.outdated for member in finished.members), state


def test_without_the_veto_a_drifted_member_goes_while_another_is_sick() -> None:
    assert isinstance(explore(Guards(veto=False)), Violation)


def test_with_markers_that_are_taken_back_last_a_drifted_member_goes_while_another_is_sick() -> None:
    found = explore(Guards(markers_first=False))
    assert isinstance(found, Violation)


def test_without_a_wait_a_droplet_that_a_killed_run_left_goes_while_another_is_sick() -> None:
    assert isinstance(explore(Guards(orphans_wait=False)), Violation)


def test_a_drifted_member_waits_for_one_that_the_same_run_creates() -> None:
    drifted, missing = Member(outdated=True), Member(there=False, booted=False)
    state = State((drifted, missing, Member()))
    assert all(member.well and not member.outdated for member in undisturbed(state, Guards()).members)
    assert undisturbed(state, Guards(newcomers_first=False)).members[0].outdated


def test_without_a_power_on_a_member_that_a_killed_run_has_shut_down_stays_off(states: list[State]) -> None:
    shut_down = Member(booted=False, off=True, taken=True)
    left = State((Member(), shut_down, Member()), outside=1)
    assert left in states
    assert all(member.well for member in undisturbed(left, Guards()).members)
    assert undisturbed(left, Guards(power=False)).members[1].off


@pytest.mark.parametrize("guards", [Guards(gates=False), Guards(chain=False)], ids=["gates", "chain"])
def test_without_gates_that_wait_in_turn_a_change_does_not_finish_in_one_run(guards: Guards) -> None:
    changed = replace_all(State())
    if guards.gates:
        # Drift alone: no gate's own input has changed.
        changed = changed._replace(members=tuple(one._replace(asked=True) for one in changed.members))
    assert any(member.outdated for member in undisturbed(changed, guards).members)
    assert not any(member.outdated for member in undisturbed(changed, Guards()).members)
