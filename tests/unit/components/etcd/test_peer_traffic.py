"""A member runs if others receive messages from it. A connection that is open proves nothing."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

import httpx
import pytest

from components.api.http_client import Call, NoAnswerError
from components.etcd import member_metrics, peer_traffic
from components.etcd.peer_traffic import heard_members

METRICS = """\
# TYPE etcd_network_peer_received_bytes_total counter
etcd_network_peer_received_bytes_total{{From="0"}} 68
etcd_network_peer_received_bytes_total{{From="ab"}} {ab}
etcd_network_peer_received_bytes_total{{From="cd"}} 1.0321e+06
"""


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_traffic, "PAUSE_SECONDS", 0.0)


async def test_a_member_that_sends_something_between_two_readings_is_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    readings = iter(["990121", "1.00042e+06"])

    async def ask(
        _name: str, _address: str, _port: int, *_: object, **__: object
    ) -> Sequence[httpx.Response]:
        return (httpx.Response(200, text=METRICS.format(ab=next(readings))),)

    monkeypatch.setattr(member_metrics, "ask_member", ask)
    assert await heard_members({"a": "127.0.0.1"}, ssl.create_default_context()) == {0xAB}


async def test_nobody_is_heard_through_a_member_that_gives_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([httpx.Response(200, text=METRICS.format(ab="1")), None])

    async def ask(
        _name: str, _address: str, _port: int, _context: ssl.SSLContext, _calls: Sequence[Call], **_: object
    ) -> Sequence[httpx.Response]:
        if answer := next(answers):
            return (answer,)
        raise NoAnswerError("no answer in time")

    monkeypatch.setattr(member_metrics, "ask_member", ask)
    assert await heard_members({"a": "127.0.0.1"}, ssl.create_default_context()) == set()
