"""A backup that ``pulumi up`` waits for, requested and confirmed by leases of etcd.

The program's side is components/rollout/backup_request.py. A quorum agrees on a lease, it ends by itself, and it
takes no key and no revision.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from components.shared.backups import REQUEST_LEASE, confirmation_lease
from etcd_node.etcd.client import RefusedError, call
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient
from etcd_node.host.journal import warn

CONFIRMATION_SECONDS = 300
"""Length of the lease that confirms a request. Its id is the request's plus the request's length."""

REQUEST_GRACE = 120.0
"""Seconds that each member has to carry a request out before the next one in order does."""


@dataclass(frozen=True)
class BackupRequest:
    """A request that no member has carried out yet."""

    length: int
    """Seconds after which it ends by itself."""
    age: float
    """Seconds since it was made, or since the cluster has had another leader."""


def pending_request(client: TlsClient, member: MemberAddress) -> BackupRequest | None:
    """The request that the cluster has now. ``None`` also when this member cannot tell."""
    try:
        answer = call(client, member, "/v3/lease/timetolive", {"ID": str(REQUEST_LEASE)})
    except (NoAnswerError, RefusedError):
        return None
    length, left = int(answer.get("grantedTTL", 0)), int(answer.get("TTL", 0))
    return BackupRequest(length, length - left) if left > 0 else None


def confirm_request(client: TlsClient, member: MemberAddress, request: BackupRequest) -> None:
    """Confirm that the bucket has a backup that was begun after the request, and end the request."""
    try:
        # Another member may have confirmed it already.
        with suppress(RefusedError):
            confirmation = {"ID": str(confirmation_lease(request.length)), "TTL": str(CONFIRMATION_SECONDS)}
            call(client, member, "/v3/lease/grant", confirmation)
        now = pending_request(client, member)
        if now is not None and now.length == request.length:
            call(client, member, "/v3/lease/revoke", {"ID": str(REQUEST_LEASE)})
    except (NoAnswerError, RefusedError) as error:
        warn(f"cannot confirm this backup to the pulumi up that waits for it: {error}")
