"""Members that the program did not make are set apart, named, and counted for the quorum if they vote."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

import httpx
import pytest

from components.api.http_client import Call
from components.etcd import foreign_members, member_metrics
from components.etcd.foreign_members import (
    foreign_problems,
    set_apart,
    with_connections,
)
from components.etcd.health import listed_names
from components.etcd.member_status import ForeignMember, MemberStatus, NoStatus, Observation

METRICS = (
    '# TYPE etcd_network_active_peers gauge\netcd_network_active_peers{Local="1",Remote="ab"} 1\n'
    'etcd_network_active_peers{Local="1",Remote="cd"} 0\n'
)
"""Metrics of a member that is connected to member ab, but not to member cd."""


def status(*foreign: ForeignMember) -> MemberStatus:
    """The status of member a, in a cluster of a, b, and these members."""
    return MemberStatus(
        *("cluster", "1", "1"),
        learner=False,
        problem="",
        voters=frozenset("ab"),
        ids={"a": "1", "b": "2", **{one.name: one.id for one in foreign}},
        learners=frozenset(one.name for one in foreign if one.learner),
    )


LEARNER = ForeignMember("10.9.9.9", "5", learner=True)
CONNECTED = ForeignMember("extra", str(0xAB), learner=False, connected=True)
SILENT = ForeignMember("other", str(0xCD), learner=False)


def test_no_wait_lists_members_that_the_program_did_not_make() -> None:
    observations = set_apart({"a": status(LEARNER, SILENT), "b": NoStatus("gone")}, {"a", "b"})
    assert listed_names(observations) == {"a", "b"}
    assert foreign_members.foreign_members(observations) == [SILENT, LEARNER]


async def test_a_voter_counts_as_running_while_a_member_is_connected_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answer(
        name: str, address: str, port: int, context: object, calls: Sequence[Call], *, seconds: float
    ) -> list[httpx.Response]:
        return [httpx.Response(200, text=METRICS)]

    monkeypatch.setattr(member_metrics, "ask_member", answer)
    observations: dict[str, Observation] = {"a": status(LEARNER, CONNECTED, SILENT), "b": NoStatus("gone")}
    context = ssl.create_default_context()
    found = await with_connections(set_apart(observations, {"a", "b"}), {"a": "127.0.0.1"}, context)
    assert list(foreign_problems(found)) == [SILENT.name]
    assert "etcdctl member remove cd" in foreign_problems(found)[SILENT.name]


async def test_members_are_not_asked_about_learners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member_metrics, "ask_member", None)
    observations = set_apart({"a": status(LEARNER)}, {"a", "b"})
    assert await with_connections(observations, {}, ssl.create_default_context()) == observations
    assert foreign_problems(observations) == {}
