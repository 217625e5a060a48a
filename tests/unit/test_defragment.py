"""When a member defragments its database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prepare_cluster.defragment import (
    MIB,
    Defragment,
    HandOn,
    Later,
    Limits,
    Nothing,
    Sighting,
    fragmented,
    in_turn,
    next_step,
)

LIMITS = Limits(bytes=100 * MIB, percent=50)
ROOM = 10_000 * MIB


def member(number: int, free: int = 0, *, leads: bool = False, problem: str = "") -> Sighting:
    """A member whose file has 100 MiB in use and ``free`` MiB not."""
    return Sighting(f"m{number}", problem, leads, (100 + free) * MIB, 100 * MIB)


@pytest.mark.parametrize(
    ("size", "in_use", "worth"),
    [
        (200, 100, True),
        (300, 100, True),
        (199, 100, False),
        (1000, 501, False),
        (1000, 500, True),
        (90, 0, False),
    ],
)
def test_it_is_worth_it_for_100_mib_that_are_half_of_the_file(size: int, in_use: int, worth: bool) -> None:
    assert fragmented(Sighting("m1", size=size * MIB, in_use=in_use * MIB), LIMITS) is worth


def test_turns_go_by_name_and_the_leader_comes_last() -> None:
    members = [member(3), member(1, leads=True), member(2)]
    assert [one.name for one in in_turn(members)] == ["m2", "m3", "m1"]


def test_a_member_without_a_reason_does_nothing_whatever_the_others_are() -> None:
    assert (
        next_step("m2", [member(1, 500), member(2, 99), member(3, problem="down")], LIMITS, ROOM) == Nothing()
    )


def test_one_member_has_its_turn_and_the_others_wait_for_it() -> None:
    members = [member(1, 200), member(2, 200), member(3, 200, leads=True)]
    steps = [next_step(one.name, members, LIMITS, ROOM) for one in members]
    assert steps == [Defragment(), Later("it is the turn of m1"), Later("it is the turn of m1")]


def test_all_have_their_turn_one_after_the_other_and_none_while_it_leads() -> None:
    members = {one.name: one for one in (member(1, 200, leads=True), member(2, 200), member(3, 200))}
    done: list[str] = []
    for _ in range(20):
        steps = {name: next_step(name, list(members.values()), LIMITS, ROOM) for name in members}
        doing = [name for name, step in steps.items() if step == Defragment()]
        assert len(doing) <= 1
        for name, step in steps.items():
            if isinstance(step, HandOn):
                members = {one: replace(seen, leads=one == step.to) for one, seen in members.items()}
            if step == Defragment():
                assert not members[name].leads
                members[name] = replace(members[name], size=members[name].in_use)
                done.append(name)
    assert done == ["m2", "m3", "m1"]


@pytest.mark.parametrize("sick", ["m1", "m2", "m3"])
def test_nobody_defragments_while_anybody_is_not_healthy(sick: str) -> None:
    members = [
        replace(one, problem="no answer in time") if one.name == sick else one
        for one in (member(1, 200), member(2, 200), member(3, 200, leads=True))
    ]
    steps = [next_step(one.name, members, LIMITS, ROOM) for one in members]
    assert steps == [Later(f"{sick}: no answer in time")] * 3


def test_a_member_alone_defragments_although_it_leads() -> None:
    assert next_step("m1", [member(1, 200, leads=True)], LIMITS, ROOM) == Defragment()


def test_the_new_file_must_have_room_beside_the_old_one() -> None:
    step = next_step("m1", [member(1, 200)], LIMITS, 124 * MIB)
    assert step == Later("100 MiB and a quarter more must be free on its disk, and 124 are")
    assert next_step("m1", [member(1, 200)], LIMITS, 125 * MIB) == Defragment()
