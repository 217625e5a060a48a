"""When a member defragments its database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from etcd_node.maintenance.defragment import (
    MIB,
    DatabaseState,
    Defragment,
    Limits,
    NotFragmented,
    Postpone,
    TransferLeadership,
    by_turn,
    defragment_step,
    fragmented,
)

LIMITS = Limits(bytes=100 * MIB, percent=50, quota=2048 * MIB)
DISK_FREE = 10_000 * MIB
QUIET = 500
"""Commits per second."""


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
) -> list[NotFragmented | Postpone | TransferLeadership | Defragment]:
    """The step of each member."""
    return [defragment_step(one.name, members, LIMITS, DISK_FREE, commits) for one in members]


def run_all_turns(members: list[DatabaseState], commits: int = QUIET) -> list[str]:
    """Run steps until no member does anything. Returns who defragments, and to whom leadership is transferred."""
    now = {one.name: one for one in members}
    done: list[str] = []
    for _ in range(20):
        steps = dict(zip(now, steps_of(list(now.values()), commits), strict=True))
        assert list(steps.values()).count(Defragment()) <= 1
        for name, step in steps.items():
            if isinstance(step, TransferLeadership):
                now = {one: replace(state, leads=one == step.to) for one, state in now.items()}
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
def test_a_file_is_fragmented_if_100_mib_and_half_of_it_are_free(size: int, in_use: int, worth: bool) -> None:
    assert fragmented(DatabaseState("m1", size=size * MIB, in_use=in_use * MIB), LIMITS) is worth


def test_members_take_turns_by_name_and_the_leader_is_last() -> None:
    members = [member(3), member(1, leads=True), member(2)]
    assert [one.name for one in by_turn(members)] == ["m2", "m3", "m1"]


def test_a_member_that_is_not_fragmented_does_nothing() -> None:
    members = [member(1, 500), member(2, 99), member(3, problem="down")]
    assert defragment_step("m2", members, LIMITS, DISK_FREE, QUIET) == NotFragmented()


def test_one_member_defragments_and_the_others_wait_for_it() -> None:
    members = [member(1, 200), member(2, 200), member(3, 200, leads=True)]
    assert steps_of(members) == [
        Defragment(),
        Postpone("it is the turn of m1"),
        Postpone("it is the turn of m1"),
    ]


def test_all_members_take_turns_and_the_leader_keeps_leading() -> None:
    assert run_all_turns(three(free=200)) == ["m2", "m3", "m1 leads"]


def test_no_member_makes_writes_wait_too_long() -> None:
    postponed = Postpone("writes would wait 5 s, and no database has reached 75 % of the quota")
    assert steps_of(three(free=500, in_use=251)) == [postponed] * 3
    assert run_all_turns(three(free=500, in_use=200)) == ["m2", "m3", "m1 leads"]


def test_no_member_makes_more_writes_wait_than_etcd_accepts() -> None:
    postponed = Postpone("1251 writes/s are too many to wait 2.0 s")
    assert steps_of(three(free=200), commits=1251) == [postponed] * 3
    assert run_all_turns(three(free=200), commits=1250) == ["m2", "m3", "m1 leads"]


def test_when_space_is_needed_writes_wait_but_never_long_for_a_leader() -> None:
    assert run_all_turns(three(free=1035, in_use=500)) == []
    assert run_all_turns(three(free=1036, in_use=500)) == ["m2", "m3", "leadership to m2", "m1"]
    assert run_all_turns(three(free=1436), commits=10_000) == ["m2", "m3", "m1 leads"]


def test_when_one_member_needs_space_those_before_it_take_their_turns() -> None:
    members = [member(1, 500, in_use=500), member(2, 1036, in_use=500), member(3, in_use=500, leads=True)]
    assert steps_of(members) == [Defragment(), Postpone("it is the turn of m1"), NotFragmented()]


@pytest.mark.parametrize("unhealthy", ["m1", "m2", "m3"])
def test_no_member_defragments_while_another_is_unhealthy(unhealthy: str) -> None:
    members = [
        replace(one, problem="no answer in time") if one.name == unhealthy else one
        for one in (member(1, 200), member(2, 200), member(3, 200, leads=True))
    ]
    assert steps_of(members) == [Postpone(f"{unhealthy}: no answer in time")] * 3


@pytest.mark.parametrize("in_use", [100, 1000])
def test_the_only_member_defragments_although_it_leads(in_use: int) -> None:
    assert run_all_turns([member(1, 1000, in_use=in_use, leads=True)]) == ["m1 leads"]


def test_the_disk_must_have_room_for_the_new_file_beside_the_old() -> None:
    step = defragment_step("m1", [member(1, 200)], LIMITS, 124 * MIB, QUIET)
    assert step == Postpone("its disk needs 125 MiB free and has 124 MiB")
    assert defragment_step("m1", [member(1, 200)], LIMITS, 125 * MIB, QUIET) == Defragment()
