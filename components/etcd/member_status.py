"""Ask members for their status, over TLS.

The endpoints: https://etcd.io/docs/v3.6/op-guide/monitoring/#health-check and
https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import httpx

from ..api.http_client import Call, NoAnswerError, ask_member
from ..shared.health import health_problem
from ..shared.names import listed_name
from ..shared.ports import CLIENT_PORT

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
DISTRUSTS = "it does not trust the CA that signed this program's certificate"
"""The reason of a member that does not know a newer CA yet."""
DISTRUSTED = "its certificate was signed by a CA that is not trusted"
"""The reason of a member that still shows a certificate of an older CA."""
NOT_YET_VALID = "its certificate is not valid yet by the clock of this machine"
"""The reason of a member that shows a certificate of a time to come."""
REJECTS_DATES = "by its clock, this program's certificate has expired or is not valid yet"
"""The reason of a member that rejects this program's certificate. Go has one alert for both (``crypto/x509``)."""

LACKS_TAG = "lacks the tag"
"""The reason of a member whose droplet was found without the cluster's tag. It is not asked."""

TLS_ERRORS = {
    "certificate has expired": EXPIRED,
    "certificate is not yet valid": NOT_YET_VALID,
    "alert certificate expired": REJECTS_DATES,
    "alert unknown ca": DISTRUSTS,
    "unable to get local issuer certificate": DISTRUSTED,
}
"""Texts of OpenSSL, each with the reason that it stands for."""


AUTHENTICATION = "etcd's authentication is on, so it does not tell its state"
"""The problem of a member that wants a user and a password from everybody."""
AUTHENTICATION_ANSWERS = ("CommonName of client sending a request against gateway", "user name is empty")
"""Texts of etcd while authentication is on (etcd ``server/auth/store.go``)."""


@dataclass(frozen=True)
class ForeignMember:
    """A member that the program did not make, in one member's list."""

    name: str
    id: str
    """Its id, in the decimal digits of etcd's gateway."""
    learner: bool
    connected: bool = False
    """Whether the member whose list this is has a connection to it. Unknown and ``False`` for a learner."""


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
    """Member ids by name of all members in etcd's list. Learners and members that never started are among them.

    Members that the program did not make are not, once ``foreign_members.py`` has set them apart.
    """
    learners: frozenset[str] = frozenset()
    """Names of the learners among all members in etcd's list."""
    foreign: tuple[ForeignMember, ...] = ()
    """The members in etcd's list that the program did not make."""
    applied_index: int = 0
    """The index in Raft's log of the last entry that the member has applied."""
    version: str = ""
    """The member's version, such as ``3.6.14``."""
    revision: int = 0
    """The revision of the newest write that the member has applied."""
    cluster_version: str = ""
    """The cluster's version, such as ``3.6.0``. It rises when the last member has the next minor version."""


class Cause(Enum):
    """Why there is no status of a member, as far as it was seen."""

    UNLISTED = "the droplets could not be listed"
    NO_DROPLET = "no droplet with its name has an address"
    UNTAGGED = "its droplet lacks the cluster's tag"
    SILENT = "nothing came back"
    REFUSED = "its machine refused the connection"
    UNRESPONSIVE = "its machine accepted the connection, and nothing answered in time"
    CERTIFICATE = "one side rejected the other's certificate"
    STRANGE = "its answer is not etcd's"


@dataclass(frozen=True)
class NoStatus:
    """A member did not answer as etcd does."""

    reason: str
    cause: Cause = Cause.STRANGE


Observation = MemberStatus | NoStatus
"""The result of asking one member once."""


async def observe_members(
    addresses: Mapping[str, str], names: Iterable[str], context: ssl.SSLContext
) -> dict[str, Observation]:
    """Ask all named members at the same time. A member without an address has no status."""

    async def observe(name: str) -> Observation:
        if name not in addresses:
            return NoStatus(
                "no droplet with this name and the cluster's tag has an address", Cause.NO_DROPLET
            )
        return await observe_member(name, addresses[name], context)

    asked = list(names)
    return dict(zip(asked, await asyncio.gather(*(observe(name) for name in asked)), strict=True))


async def observe_member(name: str, address: str, context: ssl.SSLContext) -> Observation:
    """Ask one member at its address. Its certificate must carry its name. Uses no DNS, and never raises."""
    try:
        health, status, members, version = await ask_member(
            name, address, CLIENT_PORT, context, STATUS_CALLS, seconds=REQUEST_TIMEOUT_SECONDS
        )
        return read_status(*(_values(answer) for answer in (health, status, members, version)))
    except NoAnswerError as error:
        reason = next((meaning for text, meaning in TLS_ERRORS.items() if text in str(error)), str(error))
        return NoStatus(f"https://{address}:{CLIENT_PORT}: {reason}", _cause(error, reason))
    except (KeyError, TypeError, ValueError) as error:
        return NoStatus(f"https://{address}:{CLIENT_PORT} does not answer as etcd does: {error!r}")


def _cause(error: NoAnswerError, reason: str) -> Cause:
    if reason in TLS_ERRORS.values() or "certificate" in reason:
        return Cause.CERTIFICATE
    if "Connection refused" in reason:
        return Cause.REFUSED
    if not error.connected:
        return Cause.SILENT
    return Cause.UNRESPONSIVE if "no answer in time" in reason else Cause.STRANGE


def _values(answer: httpx.Response) -> Mapping[str, Any]:
    """The values in an answer. A refusal may be plain text, and is an answer all the same."""
    try:
        return answer.json()
    except ValueError:
        return {"message": f"answer {answer.status_code}: {' '.join(answer.text.split())[:200]}"}


def read_status(
    health: Mapping[str, Any],
    status: Mapping[str, Any],
    members: Mapping[str, Any],
    version: Mapping[str, Any],
) -> MemberStatus:
    """The answers to ``STATUS_CALLS`` as one status. Raises ``KeyError`` when etcd refused to give one of them."""
    if "header" not in status:
        message = str(status.get("message", status))
        problem = f"etcd reports that it is not healthy: {message}"
        if any(text in message for text in AUTHENTICATION_ANSWERS):
            problem = AUTHENTICATION
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
        learners=frozenset(
            listed_name(member.get("name", ""), member.get("peerURLs", ()))
            for member in members.get("members", ())
            if member.get("isLearner", False)
        ),
        applied_index=int(status.get("raftAppliedIndex", 0)),
        revision=int(status["header"].get("revision", 0)),
        version=status.get("version", ""),
        cluster_version=version.get("etcdcluster", ""),
    )
