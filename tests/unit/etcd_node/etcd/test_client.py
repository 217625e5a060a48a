"""A gateway's answer is a result, a refusal, or none."""

from __future__ import annotations

import json
from typing import cast

import pytest
from etcd_node.etcd.client import (
    UNMANAGED,
    ClusterClient,
    NoQuorumError,
    RefusalError,
    RefusedError,
    read_status,
)
from etcd_node.etcd.transport import HttpResponse, MemberAddress, NoAnswerError, TlsClient

MEMBERS = [MemberAddress(name, "203.0.113.1") for name in ("first", "second")]
COMMON_NAME = HttpResponse(
    400, b"CommonName of client sending a request against gateway will be ignored and not used as expected\n"
)


class Gateway:
    """A client that gets one answer from all members."""

    def __init__(self, answer: HttpResponse) -> None:
        self.answer = answer

    def call_gateway(self, *_: object, **__: object) -> HttpResponse:
        return self.answer


def answering(status: int, message: str) -> TlsClient:
    return cast("TlsClient", Gateway(HttpResponse(status, json.dumps({"message": message}).encode())))


@pytest.mark.parametrize(
    "client",
    [cast("TlsClient", Gateway(COMMON_NAME)), answering(400, "etcdserver: user name is empty")],
    ids=["with a common name", "without"],
)
def test_authentication_that_refuses_a_look_up_is_named(client: TlsClient) -> None:
    with pytest.raises(RefusedError, match=UNMANAGED):
        read_status(client, MEMBERS[0])
    with pytest.raises(RefusalError, match=f"first: {UNMANAGED} .*; second: {UNMANAGED} "):
        ClusterClient(client, MEMBERS).list_members()


def test_a_learners_refusal_shows_no_quorum() -> None:
    client = answering(503, "etcdserver: rpc not supported for learner")
    with pytest.raises(NoQuorumError) as caught:
        ClusterClient(client, MEMBERS).list_members()
    assert not isinstance(caught.value, RefusalError)


def test_a_member_without_a_leader_gives_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="no leader"):
        read_status(answering(503, "etcdserver: no leader"), MEMBERS[0])
