"""Changes of the member list go to a member that may carry them out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

import pytest
from etcd_node.etcd.client import ClusterClient, NoQuorumError, RefusedError
from etcd_node.etcd.transport import HttpResponse, MemberAddress, NoAnswerError, TlsClient

MEMBERS = [MemberAddress(name, "203.0.113.1") for name in ("first", "second")]
ADDED = {"header": {"cluster_id": "1"}, "member": {"ID": "7"}, "members": []}
UNHEALTHY = {"message": "etcdserver: unhealthy cluster"}
UNSTARTED = {"message": "etcdserver: re-configuration failed due to not enough started members"}


class Answers:
    """Members that give one answer each. ``None`` is silence."""

    def __init__(self, **answers: Mapping[str, Any] | None) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def call_gateway(self, member: MemberAddress, path: str, body: object, **_: object) -> HttpResponse:
        self.asked.append(member.name)
        answer = self.answers[member.name]
        if answer is None:
            raise NoAnswerError("silence")
        return HttpResponse(503 if "message" in answer else 200, json.dumps(answer).encode())


def added_by(answers: Answers) -> int:
    member, _ = ClusterClient(cast("TlsClient", answers), MEMBERS).add("https://new:2380", learner=True)
    return member


@pytest.mark.parametrize("first", [UNHEALTHY, None])
def test_another_member_is_asked_when_one_is_silent_or_not_connected(first: Mapping[str, Any] | None) -> None:
    answers = Answers(first=first, second=ADDED)
    assert added_by(answers) == 7
    assert answers.asked == ["first", "second"]


@pytest.mark.parametrize("second", [UNHEALTHY, None])
def test_the_refusal_counts_when_no_other_member_accepts(second: Mapping[str, Any] | None) -> None:
    with pytest.raises(RefusedError, match="unhealthy cluster"):
        added_by(Answers(first=UNHEALTHY, second=second))


def test_a_refusal_that_holds_for_the_cluster_is_not_tried_elsewhere() -> None:
    answers = Answers(first=UNSTARTED, second=ADDED)
    with pytest.raises(RefusedError, match="not enough started members"):
        added_by(answers)
    assert answers.asked == ["first"]


def test_silence_of_all_members_is_no_quorum() -> None:
    with pytest.raises(NoQuorumError, match="first: silence; second: silence"):
        added_by(Answers(first=None, second=None))
