"""Whether members are healthy, asked over TLS with the operator's certificate.

Endpoints and their meaning: https://etcd.io/docs/v3.6/op-guide/monitoring/#health-check and
https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/.
"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.api.http_client import Call, NoAnswerError, ask_member
from components.shared.names import listed_name
from components.shared.ports import CLIENT_PORT

REQUEST_TIMEOUT_SECONDS = 3
QUESTIONS = (
    Call("/health"),
    Call("/v3/maintenance/status", {}),
    Call("/v3/cluster/member/list", {}),
    Call("/version"),
)

EXPIRED = "its certificate has expired"
"""What is said of a member that would be healthy but for that, as far as can be seen."""
DISTRUSTS = "it does not trust the CA that signed the operator's certificate"
DISTRUSTED = "its certificate is of a CA that is not trusted"

NO_WAY = ("no answer in time", "No route to host", "Network is unreachable")
"""What is seen where a firewall drops what is sent, or the network ends before the member."""

SIGNS = {
    "certificate has expired": EXPIRED,
    "alert unknown ca": DISTRUSTS,
    "unable to get local issuer certificate": DISTRUSTED,
}
"""What OpenSSL says, and what it means."""


@dataclass(frozen=True)
class MemberStatus:
    """What a member said of itself and of its cluster."""

    cluster_id: str
    member_id: str
    leader: str
    learner: bool
    healthy: bool
    reason: str
    """etcd's own reason for being unhealthy; empty otherwise."""
    voters: frozenset[str]
    """Names of the started members that vote."""
    ids: Mapping[str, str]
    """Member id by name of all that the cluster lists: learners, and those that have not started yet, as well."""
    applied: int = 0
    """Index of the last entry of Raft's log that the member has applied."""
    version: str = ""
    """The version that the member runs, such as ``3.6.14``."""
    cluster_version: str = ""
    """The version that the whole cluster has, such as ``3.6.0``: it rises when the last member has the next minor."""


@dataclass(frozen=True)
class NoStatus:
    """A member that did not answer as etcd does."""

    seen: str


Observation = MemberStatus | NoStatus


@dataclass(frozen=True)
class Credentials:
    """PEM texts of the CA certificate, and of the operator's certificate and key."""

    ca: str
    certificate: str
    key: str

    def tls_context(self) -> ssl.SSLContext:
        """A context that trusts this CA alone and shows the operator's certificate.

        Python loads a key from a file only: it lies in a directory of this process for that moment.
        """
        context = ssl.create_default_context(cadata=self.ca)
        with tempfile.TemporaryDirectory(prefix="etcd-operator-") as directory:
            chain = Path(directory, "operator.pem")
            chain.touch(mode=0o600)
            chain.write_text(self.certificate + self.key, encoding="ascii")
            context.load_cert_chain(chain)
        return context


async def probe_all(
    addresses: Mapping[str, str], names: Iterable[str], context: ssl.SSLContext
) -> dict[str, Observation]:
    """Ask every named member at once; one without an address is silent."""

    async def ask(name: str) -> Observation:
        if name not in addresses:
            return NoStatus("no droplet with an address has this name and the cluster's tag")
        return await probe(name, addresses[name], context)

    wanted = list(names)
    return dict(zip(wanted, await asyncio.gather(*(ask(name) for name in wanted)), strict=True))


async def probe(name: str, address: str, context: ssl.SSLContext) -> Observation:
    """Ask one member at its address; its certificate must carry its name. Needs no DNS, and never raises."""
    try:
        health, status, members, version = await ask_member(
            name, address, CLIENT_PORT, context, QUESTIONS, seconds=REQUEST_TIMEOUT_SECONDS
        )
        return read_answer(health.json(), status.json(), members.json(), version.json())
    except NoAnswerError as error:
        seen = next((meaning for sign, meaning in SIGNS.items() if sign in str(error)), str(error))
        return NoStatus(f"https://{address}:{CLIENT_PORT}: {seen}")
    except (KeyError, TypeError, ValueError) as error:
        return NoStatus(f"https://{address}:{CLIENT_PORT} does not answer as etcd does: {error!r}")


def read_answer(
    health: Mapping[str, Any],
    status: Mapping[str, Any],
    members: Mapping[str, Any],
    version: Mapping[str, Any],
) -> MemberStatus:
    """The four answers as one. Raises ``KeyError`` where etcd refused to give one of them."""
    if "header" not in status:
        return MemberStatus("", "", "", False, False, str(status.get("message", status)), frozenset(), {})
    return MemberStatus(
        cluster_id=status["header"]["cluster_id"],
        member_id=status["header"]["member_id"],
        leader=status.get("leader", "0"),
        learner=bool(status.get("isLearner", False)),
        healthy=health.get("health") == "true",
        reason=str(health.get("reason", "")),
        voters=frozenset(
            member["name"]
            for member in members.get("members", ())
            if member.get("name") and not member.get("isLearner", False)
        ),
        ids={
            listed_name(member.get("name", ""), member.get("peerURLs", ())): str(member["ID"])
            for member in members.get("members", ())
        },
        applied=int(status.get("raftAppliedIndex", 0)),
        version=status.get("version", ""),
        cluster_version=version.get("etcdcluster", ""),
    )


def out_of_reach(probes: Mapping[str, Observation]) -> bool:
    """Whether nothing that was sent to any member has come back."""
    return all(
        isinstance(answer, NoStatus) and any(sign in answer.seen for sign in NO_WAY)
        for answer in probes.values()
    )


def listed(probes: Mapping[str, Observation]) -> frozenset[str]:
    """Names of all members that any answering member lists."""
    return frozenset(
        name for answer in probes.values() if isinstance(answer, MemberStatus) for name in answer.ids if name
    )


def problems(names: Sequence[str], probes: Mapping[str, Observation]) -> dict[str, str]:
    """What keeps each of the named members from being healthy; empty when all are.

    A member is healthy when it answers over TLS, votes in the same cluster under the same leader as the
    others, knows every one of the named members as a voter, and completes a linearizable read.
    """
    answers = {name: answer for name, answer in probes.items() if isinstance(answer, MemberStatus)}
    common = Counter((answer.cluster_id, answer.leader) for answer in answers.values()).most_common(1)
    found: dict[str, str] = {}
    for name in names:
        answer = probes[name]
        if isinstance(answer, NoStatus):
            found[name] = answer.seen
        elif problem := _problem(answer, common[0][0], [name for name in names if name in answers]):
            found[name] = problem
    return found


def _problem(answer: MemberStatus, common: tuple[str, str], names: Sequence[str]) -> str:
    if not answer.healthy:
        return f"etcd says it is not healthy: {answer.reason or 'no reason given'}"
    if answer.learner:
        return "it is a learner that has not been promoted yet"
    if answer.leader == "0":
        return "it knows no leader"
    if answer.cluster_id != common[0]:
        return f"it is in cluster {answer.cluster_id}, others are in {common[0]}"
    if answer.leader != common[1]:
        return f"it follows leader {answer.leader}, others follow {common[1]}"
    if strangers := sorted(set(names) - answer.voters):
        return f"it does not know {', '.join(strangers)} as started voting members"
    return ""
