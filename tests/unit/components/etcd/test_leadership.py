"""Which member leads after the leader has gone."""

from __future__ import annotations

from components.etcd.leadership import successor
from components.etcd.member_status import MemberStatus, NoStatus, Observation

NAMES = ("etcd-server-1", "etcd-server-2", "etcd-server-3")


def status(number: int, *, leader: int = 1, learner: bool = False, problem: str = "") -> MemberStatus:
    return MemberStatus(
        *("cluster", f"id-{number}", f"id-{leader}"),
        learner=learner,
        problem=problem,
        voters=frozenset(NAMES),
        ids={name: f"id-{at}" for at, name in enumerate(NAMES, start=1)},
    )


def observed(*statuses: Observation) -> dict[str, Observation]:
    return dict(zip(NAMES, statuses, strict=True))


ALL_HEALTHY = observed(status(1), status(2), status(3))


def test_the_voter_with_the_lowest_number_becomes_the_leader() -> None:
    assert successor([NAMES[0]], ALL_HEALTHY) == (NAMES[0], "id-2")
    assert successor([NAMES[0]], dict(reversed(ALL_HEALTHY.items()))) == (NAMES[0], "id-2")


def test_nothing_changes_when_no_leaving_member_leads() -> None:
    assert successor([NAMES[1]], ALL_HEALTHY) is None


def test_a_leaving_member_does_not_become_the_leader() -> None:
    assert successor(NAMES[:2], ALL_HEALTHY) == (NAMES[0], "id-3")


def test_an_unhealthy_member_does_not_become_the_leader() -> None:
    observations = observed(status(1), status(2, problem="ALARM NOSPACE"), status(3))
    assert successor(NAMES[:1], observations) == (NAMES[0], "id-3")


def test_a_learner_does_not_become_the_leader() -> None:
    assert successor(NAMES[:1], observed(status(1), status(2, learner=True), NoStatus("gone"))) is None
