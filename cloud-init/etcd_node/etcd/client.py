"""Calls of etcd's API through the JSON gateway on the client port, and of the member list on the peer port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from etcd_node.etcd.membership import ListedMember, MemberList
from etcd_node.etcd.transport import HttpResponse, MemberAddress, NoAnswerError, TlsClient

MEMBERS_PATH = "/members"
"""The path of the member list on the peer port (etcd ``server/etcdserver/api/etcdhttp/peer.go``)."""

UNMANAGED = "authentication was switched on by hand: set etcd:auth to false, and run pulumi up"
"""The problem of a cluster that refuses this member's certificates."""


class NoQuorumError(Exception):
    """No member could answer for a quorum. The text is one line with the problem of each member."""


class RefusalError(NoQuorumError):
    """No member confirmed a quorum, and one refused the request. So it runs, and a quorum may exist."""


class RefusedError(Exception):
    """etcd refused the request. The text is etcd's reason."""


class ClusterClient:
    """Look-ups that need a quorum, through any of several members."""

    def __init__(self, client: TlsClient, members: Sequence[MemberAddress]) -> None:
        self._client = client
        self._members = members

    def list_members(self) -> MemberList:
        """Return the member list that a quorum confirms now. Raises ``NoQuorumError`` or ``RefusalError``."""
        threads = ThreadPoolExecutor(max(1, len(self._members)))
        try:
            calls = {
                threads.submit(self._call, member, "/v3/cluster/member/list", {"linearizable": True}): member
                for member in self._members
            }
            answers: dict[str, str] = {}
            problem = NoQuorumError
            for call in as_completed(calls):
                try:
                    return _member_list(call.result())
                except (NoAnswerError, RefusedError) as error:
                    answers[calls[call].name] = str(error)
                    # A learner refuses as well, and shows no quorum.
                    if isinstance(error, RefusedError) and "learner" not in str(error):
                        problem = RefusalError
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
        raise problem("; ".join(f"{name}: {text}" for name, text in sorted(answers.items())))

    def _call(self, member: MemberAddress, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return _parse(self._client.call_gateway(member, path, body))


def local_members(client: TlsClient, member: MemberAddress) -> tuple[ListedMember, ...]:
    """Return one member's own copy of the member list, which may be old. Raises ``NoAnswerError``."""
    return members_in_answer(client.request_peer(member, "GET", MEMBERS_PATH))


def members_in_answer(answer: HttpResponse) -> tuple[ListedMember, ...]:
    """Return the member list in an answer from ``MEMBERS_PATH``. Raises ``NoAnswerError``."""
    try:
        # This is Go's JSON, not the gateway's: ids are numbers.
        return tuple(
            ListedMember(
                int(entry["id"]),
                entry.get("name", ""),
                tuple(entry["peerURLs"]),
                bool(entry.get("isLearner")),
            )
            for entry in answer.json()
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NoAnswerError(f"its answer {answer.status} has no member list") from error


@dataclass(frozen=True)
class EtcdStatus:
    """The state of one member, as it reports it."""

    member: int
    """The id of this member."""
    leader: int
    """The id of the leader that it follows, or 0."""
    database: int
    """The size of its database file in bytes."""
    in_use: int
    """The part of the database file that is in use, in bytes. Defragmentation frees the rest."""
    index: int
    """The index of the last Raft entry that it knows to be committed."""


def read_status(client: TlsClient, member: MemberAddress) -> EtcdStatus:
    """Return the state of a member. Raises ``NoAnswerError`` or ``RefusedError``."""
    values = call(client, member, "/v3/maintenance/status", {})
    return EtcdStatus(
        int(values["header"]["member_id"]),
        int(values.get("leader", 0)),
        int(values.get("dbSize", 0)),
        int(values.get("dbSizeInUse", 0)),
        int(values.get("raftIndex", 0)),
    )


def call(
    client: TlsClient,
    member: MemberAddress,
    path: str,
    body: Mapping[str, Any],
) -> dict[str, Any]:
    """Call one member. Raises ``RefusedError``, and ``NoAnswerError``."""
    return _parse(client.call_gateway(member, path, body))


def _parse(answer: HttpResponse) -> dict[str, Any]:
    try:
        values = answer.json()
    except ValueError:
        text = f"answer {answer.status} is not JSON"
        # With authentication on, etcd's gateway refuses in plain text.
        if answer.status == 400:
            raise problem_of(answer.body.decode(errors="replace").strip() or text) from None
        raise NoAnswerError(text) from None
    if answer.status != 200:
        raise problem_of(str(values.get("message") or values.get("error") or answer.status))
    return values


def problem_of(message: str) -> NoAnswerError | RefusedError:
    """Return the error that etcd's message stands for."""
    message = message.rpartition("etcdserver: ")[2]
    # These say nothing about the cluster as a whole: another member, or another try, may get an answer.
    transient = (
        "no leader",
        "leader changed",
        "timed out",
        "stopped",
        "unavailable",
        "deadline",
        "auth store is old",
    )
    if any(text in message for text in transient):
        return NoAnswerError(message)
    refusals = ("CommonName of client", "user name", "user not found", "permission denied", "auth token")
    if any(text in message for text in refusals):
        message = f"{UNMANAGED} ({message})"
    return RefusedError(message)


def _member_list(values: Mapping[str, Any]) -> MemberList:
    try:
        return MemberList(
            int(values["header"]["cluster_id"]), tuple(_listed(entry) for entry in values["members"])
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NoAnswerError("its answer has no member list") from error


def _listed(entry: Mapping[str, Any]) -> ListedMember:
    return ListedMember(
        int(entry["ID"]),
        entry.get("name", ""),
        tuple(entry.get("peerURLs", ())),
        bool(entry.get("isLearner", False)),
    )
