"""How the answers of one member become its status."""

from __future__ import annotations

import pytest

from components.etcd.member_status import AUTHENTICATION, MemberStatus, read_status


def test_the_answers_of_etcd_become_one_status() -> None:
    status = read_status(
        {"health": "true", "reason": ""},
        {
            "header": {"cluster_id": "1", "member_id": "2", "revision": "5"},
            "leader": "3",
            "version": "3.6.14",
        },
        {
            "members": [
                {"ID": "7", "name": "a"},
                {"ID": "8", "name": "b", "isLearner": True},
                {"ID": "9", "peerURLs": ["https://c:2380"]},
            ]
        },
        {"etcdserver": "3.6.14", "etcdcluster": "3.5.0"},
    )
    assert status == MemberStatus(
        *("1", "2", "3"),
        learner=False,
        problem="",
        voters=frozenset("a"),
        ids={"a": "7", "b": "8", "c": "9"},
        learners=frozenset("b"),
        version="3.6.14",
        revision=5,
        cluster_version="3.5.0",
    )


def test_an_error_instead_of_the_status_is_the_members_problem() -> None:
    status = read_status({}, {"message": "etcdserver: no leader", "code": 14}, {}, {})
    assert status.problem == "etcd reports that it is not healthy: etcdserver: no leader"


@pytest.mark.parametrize(
    "message",
    [
        "answer 400: CommonName of client sending a request against gateway will be ignored and not used as expected",
        "etcdserver: user name is empty",
    ],
)
def test_a_refusal_by_authentication_is_an_answer(message: str) -> None:
    status = read_status({"health": "true"}, {"message": message}, {}, {})
    assert isinstance(status, MemberStatus)
    assert status.problem == AUTHENTICATION
