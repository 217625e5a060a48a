"""Who leads after a member has gone."""

from __future__ import annotations

from components.etcd.health import MemberStatus, NoStatus, Observation
from components.etcd.leadership import successor

NAMES = ("etcd-server-1", "etcd-server-2", "etcd-server-3")


def answer(number: int, *, leader: int = 1, learner: bool = False, healthy: bool = True) -> MemberStatus:
    return MemberStatus(
        *("cluster", f"id-{number}", f"id-{leader}"),
        learner=learner,
        healthy=healthy,
        reason="",
        voters=frozenset(NAMES),
        ids={name: f"id-{at}" for at, name in enumerate(NAMES, start=1)},
    )


def seen(*answers: Observation) -> dict[str, Observation]:
    return dict(zip(NAMES, answers, strict=True))


def test_the_leader_hands_over_to_the_voter_with_the_lowest_number_whoever_answers_first() -> None:
    well = seen(answer(1), answer(2), answer(3))
    assert successor([NAMES[0]], well) == (NAMES[0], "id-2")
    assert successor([NAMES[0]], dict(reversed(well.items()))) == (NAMES[0], "id-2")


def test_nothing_moves_when_another_member_leads() -> None:
    assert successor([NAMES[1]], seen(answer(1), answer(2), answer(3))) is None


def test_nobody_who_leaves_a_sick_member_or_a_learner_becomes_the_leader() -> None:
    assert successor(NAMES[:2], seen(answer(1), answer(2), answer(3))) == (NAMES[0], "id-3")
    assert successor(NAMES[:1], seen(answer(1), answer(2, healthy=False), answer(3))) == (NAMES[0], "id-3")
    assert successor(NAMES[:1], seen(answer(1), answer(2, learner=True), NoStatus("gone"))) is None
