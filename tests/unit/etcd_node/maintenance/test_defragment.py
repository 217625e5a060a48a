"""When a member defragments its database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from etcd_node.maintenance.defragment import (
    MIB,
    DatabaseState,
    Defragment,
    Later,
    Limits,
    Nothing,
    TransferLeadership,
    fragmented,
    in_turn,
    next_step,
)

LIMITS = Limits(bytes=100 * MIB, percent=50, quota=2048 * MIB)
ROOM = 10_000 * MIB
QUIET = 500
"""Commits in a second."""


def member(
    number: int, free: int = 0, *, in_use: int = 100, leads: bool = False, problem: str = ""
) -> DatabaseState:
    """A member whose file has ``in_use`` MiB in use and ``free`` MiB not."""
    return DatabaseState(f"m{number}", problem, leads, (in_use + free) * MIB, in_use * MIB)


def three(free: int, in_use: int = 100) -> list[DatabaseState]:
    """Members of which the first leads."""
    return [member(number, free, in_use=in_use, leads=number == 1) for number in (1, 2, 3)]


def steps_of(
    members: list[DatabaseState], commits: int = QUIET
) -> list[Nothing | Later | TransferLeadership | Defragment]:
    """What each member does."""
    return [next_step(one.name, members, LIMITS, ROOM, commits) for one in members]


def in_their_turns(members: list[DatabaseState], commits: int = QUIET) -> list[str]:
    """What happens until nobody does anything: who defragments, and to whom leadership is handed on."""
    now = {one.name: one for one in members}
    done: list[str] = []
    for _ in range(20):
        steps = dict(zip(now, steps_of(list(now.values()), commits), strict=True))
        assert list(steps.values()).count(Defragment()) <= 1
        for name, step in steps.items():
            if isinstance(step, TransferLeadership):
                now = {one: replace(seen, leads=one == step.to) for one, seen in now.items()}
                done.append(f"leadership to {step.to}")
            if step == Defragment():
                done.append(f"{name} leads" if now[name].leads else name)
                now[name] = replace(now[name], size=now[name].in_use)
    return done


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
    assert fragmented(DatabaseState("m1", size=size * MIB, in_use=in_use * MIB), LIMITS) is worth


def test_turns_go_by_name_and_the_leader_comes_last() -> None:
    members = [member(3), member(1, leads=True), member(2)]
    assert [one.name for one in in_turn(members)] == ["m2", "m3", "m1"]


def test_a_member_without_a_reason_does_nothing_whatever_the_others_are() -> None:
    members = [member(1, 500), member(2, 99), member(3, problem="down")]
    assert next_step("m2", members, LIMITS, ROOM, QUIET) == Nothing()


def test_one_member_has_its_turn_and_the_others_wait_for_it() -> None:
    members = [member(1, 200), member(2, 200), member(3, 200, leads=True)]
    assert steps_of(members) == [Defragment(), Later("it is the turn of m1"), Later("it is the turn of m1")]


def test_all_have_their_turn_one_after_the_other_and_the_leader_goes_on_leading() -> None:
    assert in_their_turns(three(free=200)) == ["m2", "m3", "m1 leads"]


def test_nobody_makes_writes_wait_for_long() -> None:
    late = Later("writes would wait for 5 s, and no database has three quarters of the quota")
    assert steps_of(three(free=500, in_use=251)) == [late] * 3
    assert in_their_turns(three(free=500, in_use=200)) == ["m2", "m3", "m1 leads"]


def test_nobody_makes_more_writes_wait_than_etcd_takes() -> None:
    late = Later("1251 writes a second are more than can wait for 2.0 s")
    assert steps_of(three(free=200), commits=1251) == [late] * 3
    assert in_their_turns(three(free=200), commits=1250) == ["m2", "m3", "m1 leads"]


def test_a_need_for_space_goes_before_waiting_writes_and_then_nobody_leads_while_they_wait_for_long() -> None:
    assert in_their_turns(three(free=1035, in_use=500)) == []
    assert in_their_turns(three(free=1036, in_use=500)) == ["m2", "m3", "leadership to m2", "m1"]
    assert in_their_turns(three(free=1436), commits=10_000) == ["m2", "m3", "m1 leads"]


def test_the_need_of_one_member_is_that_of_all_which_have_their_turn_before() -> None:
    members = [member(1, 500, in_use=500), member(2, 1036, in_use=500), member(3, in_use=500, leads=True)]
    assert steps_of(members) == [Defragment(), Later("it is the turn of m1"), Nothing()]


@pytest.mark.parametrize("sick", ["m1", "m2", "m3"])
def test_nobody_defragments_while_anybody_is_not_healthy(sick: str) -> None:
    members = [
        replace(one, problem="no answer in time") if one.name == sick else one
        for one in (member(1, 200), member(2, 200), member(3, 200, leads=True))
    ]
    assert steps_of(members) == [Later(f"{sick}: no answer in time")] * 3


@pytest.mark.parametrize("in_use", [100, 1000])
def test_a_member_alone_defragments_although_it_leads(in_use: int) -> None:
    assert in_their_turns([member(1, 1000, in_use=in_use, leads=True)]) == ["m1 leads"]


def test_the_new_file_must_have_room_beside_the_old_one() -> None:
    step = next_step("m1", [member(1, 200)], LIMITS, 124 * MIB, QUIET)
    assert step == Later("100 MiB and a quarter more must be free on its disk, and 124 are")
    assert next_step("m1", [member(1, 200)], LIMITS, 125 * MIB, QUIET) == Defragment()
