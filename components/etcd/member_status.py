"""Ask members for their status, over TLS with the operator's certificate.

The endpoints: https://etcd.io/docs/v3.6/op-guide/monitoring/#health-check and
https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from components.api.http_client import Call, NoAnswerError, ask_member
from components.shared.health import health_problem
from components.shared.names import listed_name
from components.shared.ports import CLIENT_PORT

REQUEST_TIMEOUT_SECONDS = 3
"""The limit of each wait for a member."""

STATUS_CALLS = (
    Call("/health"),
    Call("/v3/maintenance/status", {}),
    Call("/v3/cluster/member/list", {}),
    Call("/version"),
)

EXPIRED = "its certificate has expired"
"""The reason of a member that shows an expired certificate. No other problem is known of it."""
DISTRUSTS = "it does not trust the CA that signed the operator's certificate"
"""The reason of a member that does not know a newer CA yet."""
DISTRUSTED = "its certificate was signed by a CA that is not trusted"
"""The reason of a member that still shows a certificate of an older CA."""

TLS_ERRORS = {
    "certificate has expired": EXPIRED,
    "alert unknown ca": DISTRUSTS,
    "unable to get local issuer certificate": DISTRUSTED,
}
"""Texts of OpenSSL, each with the reason that it stands for."""


@dataclass(frozen=True)
class MemberStatus:
    """What a member reports about itself and its cluster."""

    cluster_id: str
    member_id: str
    leader: str
    """The id of the member that it follows; ``0`` while it knows none."""
    learner: bool
    problem: str
    """The problem that etcd reports about the member; empty when it reports none."""
    voters: frozenset[str]
    """Names of the started members that vote."""
    ids: Mapping[str, str]
    """Member ids by name of all members in etcd's list. Learners and members that never started are among them."""
    applied_index: int = 0
    """The index in Raft's log of the last entry that the member has applied."""
    version: str = ""
    """The member's version, such as ``3.6.14``."""
    cluster_version: str = ""
    """The cluster's version, such as ``3.6.0``. It rises when the last member has the next minor version."""


@dataclass(frozen=True)
class NoStatus:
    """A member did not answer as etcd does."""

    reason: str


Observation = MemberStatus | NoStatus
"""The result of asking one member once."""


async def observe_members(
    addresses: Mapping[str, str], names: Iterable[str], context: ssl.SSLContext
) -> dict[str, Observation]:
    """Ask all named members at the same time. A member without an address has no status."""

    async def observe(name: str) -> Observation:
        if name not in addresses:
            return NoStatus("no droplet with this name and the cluster's tag has an address")
        return await observe_member(name, addresses[name], context)

    asked = list(names)
    return dict(zip(asked, await asyncio.gather(*(observe(name) for name in asked)), strict=True))


async def observe_member(name: str, address: str, context: ssl.SSLContext) -> Observation:
    """Ask one member at its address. Its certificate must carry its name. Uses no DNS, and never raises."""
    try:
        health, status, members, version = await ask_member(
            name, address, CLIENT_PORT, context, STATUS_CALLS, seconds=REQUEST_TIMEOUT_SECONDS
        )
        return read_status(health.json(), status.json(), members.json(), version.json())
    except NoAnswerError as error:
        reason = next((meaning for text, meaning in TLS_ERRORS.items() if text in str(error)), str(error))
        return NoStatus(f"https://{address}:{CLIENT_PORT}: {reason}")
    except (KeyError, TypeError, ValueError) as error:
        return NoStatus(f"https://{address}:{CLIENT_PORT} does not answer as etcd does: {error!r}")


def read_status(
    health: Mapping[str, Any],
    status: Mapping[str, Any],
    members: Mapping[str, Any],
    version: Mapping[str, Any],
) -> MemberStatus:
    """The answers to ``STATUS_CALLS`` as one status. Raises ``KeyError`` when etcd refused to give one of them."""
    if "header" not in status:
        problem = f"etcd reports that it is not healthy: {status.get('message', status)}"
        return MemberStatus("", "", "", False, problem, frozenset(), {})
    return MemberStatus(
        cluster_id=status["header"]["cluster_id"],
        member_id=status["header"]["member_id"],
        leader=status.get("leader", "0"),
        learner=bool(status.get("isLearner", False)),
        problem=health_problem(health),
        voters=frozenset(
            member["name"]
            for member in members.get("members", ())
            if member.get("name") and not member.get("isLearner", False)
        ),
        ids={
            listed_name(member.get("name", ""), member.get("peerURLs", ())): str(member["ID"])
            for member in members.get("members", ())
        },
        applied_index=int(status.get("raftAppliedIndex", 0)),
        version=status.get("version", ""),
        cluster_version=version.get("etcdcluster", ""),
    )
