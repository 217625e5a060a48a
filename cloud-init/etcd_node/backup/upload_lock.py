"""A lease of etcd that a member holds while it uploads, so that no other member begins a second upload."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from etcd_node.etcd.client import RefusedError, call
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient

LEASE = int.from_bytes(b"upload")
"""Id of the lease."""

LEASE_SECONDS = 30
"""Seconds after which the lease of a member that went down ends."""

LONGEST_UPLOAD = 3600
"""Seconds after which a member stops keeping its lease alive, whatever delays its upload."""


@contextmanager
def upload_lock(client: TlsClient, member: MemberAddress) -> Generator[bool]:
    """Hold the lease. Yields whether no other member holds it.

    Yields ``True`` as well when etcd grants no lease at all, as when its database is full: two members may upload.
    """
    try:
        call(client, member, "/v3/lease/grant", {"ID": str(LEASE), "TTL": str(LEASE_SECONDS)})
    except (NoAnswerError, RefusedError) as error:
        yield "already exists" not in str(error)
        return
    done = Event()
    Thread(target=_keep_alive, args=(client, member, done), daemon=True).start()
    try:
        yield True
    finally:
        done.set()
        with suppress(NoAnswerError, RefusedError):
            call(client, member, "/v3/lease/revoke", {"ID": str(LEASE)})


def _keep_alive(client: TlsClient, member: MemberAddress, done: Event) -> None:
    for _ in range(3 * LONGEST_UPLOAD // LEASE_SECONDS):
        if done.wait(LEASE_SECONDS / 3):
            return
        with suppress(NoAnswerError, RefusedError):
            call(client, member, "/v3/lease/keepalive", {"ID": str(LEASE)})
