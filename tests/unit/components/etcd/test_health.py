"""When a member counts as healthy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.etcd.health import MemberStatus, NoStatus, listed, out_of_reach, problems, read_answer

NAMES = ("a", "b", "c")
WELL = MemberStatus("c1", "m1", "m1", learner=False, healthy=True, reason="", voters=frozenset(NAMES), ids={})


def test_members_that_agree_are_healthy() -> None:
    assert problems(NAMES, dict.fromkeys(NAMES, WELL)) == {}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (NoStatus("connection refused"), "connection refused"),
        (replace(WELL, healthy=False, reason="ALARM NOSPACE"), "etcd says it is not healthy: ALARM NOSPACE"),
        (replace(WELL, learner=True), "it is a learner that has not been promoted yet"),
        (replace(WELL, leader="0"), "it knows no leader"),
        (replace(WELL, cluster_id="c2"), "it is in cluster c2, others are in c1"),
        (replace(WELL, leader="m2"), "it follows leader m2, others follow m1"),
        (replace(WELL, voters=frozenset("ab")), "it does not know c as started voting members"),
    ],
)
def test_the_sick_member_is_named_with_what_was_seen(answer: MemberStatus | NoStatus, problem: str) -> None:
    assert problems(NAMES, {"a": WELL, "b": WELL, "c": answer}) == {"c": problem}


def test_a_member_that_the_question_is_not_about_may_be_sick() -> None:
    assert problems(("a", "b"), {"a": WELL, "b": WELL, "c": NoStatus("gone")}) == {}


def test_etcds_four_answers_are_read_as_one() -> None:
    answer = read_answer(
        {"health": "true", "reason": ""},
        {"header": {"cluster_id": "1", "member_id": "2"}, "leader": "3", "version": "3.6.14"},
        {
            "members": [
                {"ID": "7", "name": "a"},
                {"ID": "8", "name": "b", "isLearner": True},
                {"ID": "9", "peerURLs": ["https://c:2380"]},
            ]
        },
        {"etcdserver": "3.6.14", "etcdcluster": "3.5.0"},
    )
    assert answer == MemberStatus(
        *("1", "2", "3"),
        learner=False,
        healthy=True,
        reason="",
        voters=frozenset("a"),
        ids={"a": "7", "b": "8", "c": "9"},
        version="3.6.14",
        cluster_version="3.5.0",
    )


def test_a_member_that_does_not_answer_is_the_only_one_to_blame_for_it() -> None:
    fewer = replace(WELL, voters=frozenset("ab"))
    assert problems(NAMES, {"a": fewer, "b": fewer, "c": NoStatus("gone")}) == {"c": "gone"}


def test_the_cluster_may_list_members_that_are_not_asked_about() -> None:
    assert listed({"a": replace(WELL, ids={"a": "1", "d": "4"}), "b": NoStatus("gone")}) == {"a", "d"}


def test_an_error_in_place_of_the_status_is_a_reason_to_be_unhealthy() -> None:
    answer = read_answer({}, {"message": "etcdserver: no leader", "code": 14}, {}, {})
    assert (answer.healthy, answer.reason) == (False, "etcdserver: no leader")


def test_members_are_out_of_reach_when_nothing_comes_back_from_any() -> None:
    dropped = NoStatus("https://10.10.0.2:2379: TimeoutError: no answer in time")
    no_route = NoStatus("https://10.10.0.2:2379: OSError: [Errno 101] Network is unreachable")
    assert out_of_reach({"a": dropped, "b": no_route})
    assert not out_of_reach({"a": dropped, "b": WELL})
    assert not out_of_reach({"a": dropped, "b": NoStatus("Connection refused")})
