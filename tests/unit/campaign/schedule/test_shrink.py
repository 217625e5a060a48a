"""Shrinking leaves only the steps and faults that a failure needs."""

from __future__ import annotations

from campaign.schedule.documents import ActionKind, Fault, FaultKind, Schedule, Start, Step
from campaign.schedule.shrink import shrink


def fault(kind: FaultKind) -> Fault:
    return Fault(kind=kind, after=1.0)


SCHEDULE = Schedule(
    seed="x",
    start=Start(version="3.6.16"),
    steps=(
        Step(action=ActionKind.UP, faults=(fault(FaultKind.API_DOWN),)),
        Step(action=ActionKind.SETTING, faults=(fault(FaultKind.REBOOTED), fault(FaultKind.DNS_DOWN))),
        Step(action=ActionKind.BACKUP),
    ),
)


def needs_dns(schedule: Schedule) -> bool:
    return any(
        step.action is ActionKind.SETTING and FaultKind.DNS_DOWN in [one.kind for one in step.faults]
        for step in schedule.steps
    )


def test_what_a_failure_does_not_need_is_dropped() -> None:
    (step,) = shrink(SCHEDULE, needs_dns).steps
    assert step == Step(action=ActionKind.SETTING, faults=(fault(FaultKind.DNS_DOWN),))


def test_a_failure_that_needs_everything_stays() -> None:
    assert shrink(SCHEDULE, lambda one: one == SCHEDULE) == SCHEDULE


def test_a_cluster_that_fails_by_itself_has_no_steps_left() -> None:
    assert shrink(SCHEDULE, lambda _one: True).steps == ()
