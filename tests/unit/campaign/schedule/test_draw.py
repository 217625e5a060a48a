"""Drawn schedules are the same for the same seed, have everything, and ask for nothing that must lose data."""

from __future__ import annotations

from collections import Counter

import pytest

from campaign.machines.actions import ACTIONS
from campaign.machines.fault_kinds import FAULTS
from campaign.schedule.documents import (
    LOSES_DATA,
    OF_A_MEMBER,
    OF_A_RUN,
    WITHOUT_END,
    ActionKind,
    Fault,
    FaultKind,
    Schedule,
    Start,
    Step,
)
from campaign.schedule.draw import WITHOUT_RUN, draw
from localcloud.toolchain.etcd import VERSIONS

DRAWN = [draw(f"test-{number}") for number in range(600)]


def test_a_seed_is_always_the_same_schedule() -> None:
    assert draw("7-1") == draw("7-1")
    assert draw("7-1") != draw("7-2")


def test_every_action_and_every_fault_comes() -> None:
    steps = [step for schedule in DRAWN for step in schedule.steps]
    assert {step.action for step in steps} == set(ActionKind)
    assert {fault.kind for step in steps for fault in step.faults} == set(FaultKind)


def test_a_schedule_can_be_written_and_read() -> None:
    for schedule in DRAWN[:50]:
        assert Schedule.model_validate_json(schedule.model_dump_json()) == schedule


@pytest.mark.parametrize("schedule", DRAWN[:200], ids=lambda one: one.seed)
def test_a_majority_of_the_members_keeps_its_data(schedule: Schedule) -> None:
    faults = Counter(fault.kind for step in schedule.steps for fault in step.faults)
    assert sum(faults[kind] for kind in LOSES_DATA) <= 1
    if not schedule.start.has_volumes:
        assert not faults.keys() & {*LOSES_DATA, FaultKind.DROPLET_DELETED}
        assert not {step.action for step in schedule.steps} & {ActionKind.ALL_AT_ONCE, ActionKind.DESTROY}


def test_faults_name_members_that_exist() -> None:
    for step in (step for schedule in DRAWN for step in schedule.steps):
        for fault in step.faults:
            assert (fault.member > 0) is (fault.kind in OF_A_MEMBER)
            assert (fault.other > 0) is (fault.kind is FaultKind.LINK_CUT)
            assert fault.member != fault.other or not fault.member
            assert (fault.lasts == 0) is (fault.kind in WITHOUT_END)


def test_faults_of_runs_come_with_runs_alone() -> None:
    for step in (step for schedule in DRAWN for step in schedule.steps if step.action in WITHOUT_RUN):
        assert not {fault.kind for fault in step.faults} & OF_A_RUN


def test_versions_go_up_one_step_at_a_time() -> None:
    for schedule in DRAWN:
        version = schedule.start.version
        for step in schedule.steps:
            if step.action is ActionKind.UPGRADE:
                assert VERSIONS.index(step.value) == VERSIONS.index(version) + 1
                version = step.value


def test_permissions_change_only_where_authentication_was_set() -> None:
    for schedule in DRAWN:
        if not schedule.start.auth:
            assert not {step.action for step in schedule.steps} & {ActionKind.AUTH, ActionKind.CLIENTS}


def test_a_person_can_read_a_schedule() -> None:
    link = Fault(kind=FaultKind.LINK_CUT, member=1, other=3, after=2.5, lasts=10)
    killed = Fault(kind=FaultKind.ENGINE_KILLED, after=4)
    steps = (
        Step(action=ActionKind.SIZE, value="5", faults=(link, killed)),
        Step(action=ActionKind.REPLACE, member=2),
    )
    told = Schedule(seed="7-2", start=Start(version="3.6.16", auth=True), steps=steps).told()
    assert told.splitlines() == [
        "seed 7-2: etcd 3.6.16, 3 members with data volumes, authentication on",
        " 1  size 5; link-cut of member 1 and member 3 after 2.5 s for 10.0 s; engine-killed after 4.0 s",
        " 2  replace of member 2",
    ]


def test_every_action_and_fault_of_a_schedule_can_be_carried_out() -> None:
    assert ACTIONS.keys() == set(ActionKind)
    assert FAULTS.keys() == set(FaultKind)
