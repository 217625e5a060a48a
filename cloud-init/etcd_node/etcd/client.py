"""The running cluster, as other members' JSON gateway shows it (etcd API reference, ``ClusterClient`` service)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from etcd_node.etcd.membership import ListedMember, MemberList
from etcd_node.etcd.transport import ANSWER_TIMEOUT, HttpResponse, MemberAddress, NoAnswerError, TlsClient

MEMBERS_PATH = "/members"
"""Where the peer port has the member list (etcd ``server/etcdserver/api/etcdhttp/peer.go``)."""


class NoQuorumError(Exception):
    """No member answered for a quorum. The text has each member's answer, on one line."""


class RefusedError(Exception):
    """The cluster refused a change for now, for the reason in the text."""


class ClusterClient:
    """Calls to whichever of the other members answers for a quorum."""

    def __init__(self, client: TlsClient, members: Sequence[MemberAddress]) -> None:
        self._client = client
        self._members = members

    def list_members(self) -> MemberList:
        """The member list, as a quorum confirms it at this moment. Raises ``NoQuorumError``."""
        threads = ThreadPoolExecutor(max(1, len(self._members)))
        try:
            calls = {
                threads.submit(self._call, member, "/v3/cluster/member/list", {"linearizable": True}): member
                for member in self._members
            }
            answers: dict[str, str] = {}
            for call in as_completed(calls):
                try:
                    return _roll(call.result())
                except (NoAnswerError, RefusedError) as error:
                    answers[calls[call].name] = str(error)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
        raise NoQuorumError("; ".join(f"{name}: {text}" for name, text in sorted(answers.items())))

    def remove(self, member: int) -> None:
        """Take a member off the list. Raises ``NoQuorumError`` or ``RefusedError``."""
        self._change("/v3/cluster/member/remove", {"ID": str(member)})

    def add_learner(self, peer_url: str) -> tuple[int, MemberList]:
        """Enter a learner; its id and the new list. Raises ``NoQuorumError`` or ``RefusedError``."""
        answer = self._change("/v3/cluster/member/add", {"peerURLs": [peer_url], "isLearner": True})
        return int(answer["member"]["ID"]), _roll(answer)

    def promote(self, member: int) -> None:
        """Make a learner that has caught up a voter. Raises ``NoQuorumError`` or ``RefusedError``."""
        self._change("/v3/cluster/member/promote", {"ID": str(member)})

    def _change(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A change through the first member that answers. One that was made twice is refused the second time."""
        silent: list[str] = []
        for member in self._members:
            try:
                return self._call(member, path, body)
            except NoAnswerError as error:
                silent.append(f"{member.name}: {error}")
        raise NoQuorumError("; ".join(silent))

    def _call(self, member: MemberAddress, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return _parse(self._client.call_gateway(member, path, body))


def local_members(client: TlsClient, member: MemberAddress) -> tuple[ListedMember, ...]:
    """The list as one member knows it by itself, which may be old. Raises ``NoAnswerError``."""
    return members_in_answer(client.request_peer(member, "GET", MEMBERS_PATH))


def members_in_answer(answer: HttpResponse) -> tuple[ListedMember, ...]:
    """The list in an answer to ``MEMBERS_PATH`` on the peer port. Raises ``NoAnswerError``."""
    try:
        # This list is Go's own JSON of the membership, not that of the gateway: its ids are numbers.
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
        raise NoAnswerError(f"no member list in its answer ({answer.status})") from error


@dataclass(frozen=True)
class Status:
    """What one member says of itself."""

    member: int
    """Its own id."""
    leader: int
    """The id of the member that it follows; 0 while there is none."""
    database: int
    """Bytes of its database file."""
    in_use: int
    """Bytes of it that hold something; the rest is what defragmentation gives back."""
    index: int
    """What it knows to be committed of raft's log."""
    errors: tuple[str, ...]
    """What etcd finds wrong, raised alarms of any member among it."""


def read_status(client: TlsClient, member: MemberAddress) -> Status:
    """A member's own state. Raises ``NoAnswerError`` or ``RefusedError``."""
    values = call(client, member, "/v3/maintenance/status", {})
    return Status(
        int(values["header"]["member_id"]),
        int(values.get("leader", 0)),
        int(values.get("dbSize", 0)),
        int(values.get("dbSizeInUse", 0)),
        int(values.get("raftIndex", 0)),
        tuple(values.get("errors", ())),
    )


def call(
    client: TlsClient,
    member: MemberAddress,
    path: str,
    body: Mapping[str, Any],
    *,
    timeout: float = ANSWER_TIMEOUT,
) -> dict[str, Any]:
    """A call to one member, given up after ``timeout`` seconds. Raises ``NoAnswerError`` or ``RefusedError``."""
    return _parse(client.call_gateway(member, path, body, answer_timeout=timeout))


def _parse(answer: HttpResponse) -> dict[str, Any]:
    try:
        values = answer.json()
    except ValueError:
        raise NoAnswerError(f"answer {answer.status} without JSON") from None
    if answer.status != 200:
        message = str(values.get("message") or values.get("error") or answer.status).removeprefix(
            "etcdserver: "
        )
        # No leader, a time-out and a member that is just stopping say nothing about the cluster as a whole.
        if any(text in message for text in ("no leader", "timed out", "stopped", "unavailable", "deadline")):
            raise NoAnswerError(message)
        raise RefusedError(message)
    return values


def _roll(values: Mapping[str, Any]) -> MemberList:
    try:
        return MemberList(
            int(values["header"]["cluster_id"]), tuple(_listed(entry) for entry in values["members"])
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NoAnswerError("an answer without members") from error


def _listed(entry: Mapping[str, Any]) -> ListedMember:
    return ListedMember(
        int(entry["ID"]),
        entry.get("name", ""),
        tuple(entry.get("peerURLs", ())),
        bool(entry.get("isLearner", False)),
    )
