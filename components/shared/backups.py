"""Names of backups, and the leases of etcd by which the program requests a backup and a member confirms it.

A quorum agrees on a lease, it ends by itself, and it takes no key and no revision.
"""

from __future__ import annotations

LATEST = "latest"
"""As the name of the backup to restore: the newest one."""

SUFFIX = ".db.gz"
"""The name of every backup ends like this."""

REQUEST_LEASE = int.from_bytes(b"backup")
"""Id of the lease that is the request. Its length in seconds tells one request from another."""


def confirmation_lease(length: int) -> int:
    """Id of the lease that confirms the request of this length."""
    return REQUEST_LEASE + length
