"""A backup that ``pulumi up`` waits for, asked for and confirmed by leases of etcd.

The program's side is components/rollout/backup_request.py.

A quorum agrees on a lease, it ends by itself, and it takes no key and no revision.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from etcd_node.etcd.client import RefusedError, call
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient
from etcd_node.host.journal import warn

REQUEST = int.from_bytes(b"backup")
"""Id of the lease that is the request. Its length tells one request from another."""

KEPT = 300
"""Seconds for which a confirmation stays. It is a lease as well, whose id is the request's plus its length."""

PATIENCE = 120.0
"""Seconds for which the member whose turn it is gets to carry a request out before the next one does."""


@dataclass(frozen=True)
class Request:
    """A request that nobody has carried out yet."""

    length: int
    """Seconds after which it ends by itself."""
    age: float
    """Seconds since it was made, or since the cluster has had another leader."""


def pending(client: TlsClient, member: MemberAddress) -> Request | None:
    """The request that the cluster has at this moment; ``None`` also when this member does not know."""
    try:
        answer = call(client, member, "/v3/lease/timetolive", {"ID": str(REQUEST)})
    except (NoAnswerError, RefusedError):
        return None
    length, left = int(answer.get("grantedTTL", 0)), int(answer.get("TTL", 0))
    return Request(length, length - left) if left > 0 else None


def confirm(client: TlsClient, member: MemberAddress, request: Request) -> None:
    """Say that a backup which was begun after the request is in the bucket, and end the request."""
    try:
        # Another member may have been as quick.
        with suppress(RefusedError):
            call(client, member, "/v3/lease/grant", {"ID": str(REQUEST + request.length), "TTL": str(KEPT)})
        now = pending(client, member)
        if now is not None and now.length == request.length:
            call(client, member, "/v3/lease/revoke", {"ID": str(REQUEST)})
    except (NoAnswerError, RefusedError) as error:
        warn(f"the run that waits for this backup may not learn of it: {error}")
