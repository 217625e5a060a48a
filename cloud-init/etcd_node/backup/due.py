"""When a backup is due: at the time that the last run wrote down, or because a ``pulumi up`` requests one.

The program's side of a request is components/rollout/backup_request.py. Leases of etcd request and confirm a backup:
a quorum agrees on a lease, it ends by itself, and it takes no key and no revision.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass

from components.shared.backups import REQUEST_LEASE, confirmation_lease
from etcd_node.backup.settings import read_backup_settings
from etcd_node.etcd.client import RefusedError, call
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient, this_member
from etcd_node.host.journal import warn
from etcd_node.host.settings import Paths, Settings

LONGEST_PAUSE = 600.0
"""Seconds after which the bucket is listed again at the latest."""

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


def backup_is_due(settings: Settings, paths: Paths) -> bool:
    """Whether to start ``etcd-backup.service`` now. Nearly always this reads two files and asks etcd for one lease.

    It is due as well where a file cannot be read: then the service says what is wrong.
    """
    try:
        if (backups := read_backup_settings(paths.backup)) is None:
            return False
        due = float(json.loads(paths.next_backup.read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return True
    now = time.time()
    # A clock that was set back must not stop the backups.
    if now >= due or due - now > max(LONGEST_PAUSE, backups.interval):
        return True
    return pending_request(TlsClient(paths.etc), this_member(settings, paths)) is not None


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
