"""Who uploads says so by a lease of etcd, so that an upload that takes long is not begun a second time."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from etcd_node.etcd.client import RefusedError, call
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient

CLAIM = int.from_bytes(b"upload")
"""Id of the lease."""

LENGTH = 30
"""Seconds after which the claim of a member that went down ends."""

LONGEST = 3600
"""Seconds after which it is not kept any more, whatever holds the upload up."""


@contextmanager
def claimed(client: TlsClient, member: MemberAddress) -> Generator[bool]:
    """Whether nobody else uploads. Where etcd grants no lease at all, as when it is full, two members may."""
    try:
        call(client, member, "/v3/lease/grant", {"ID": str(CLAIM), "TTL": str(LENGTH)})
    except (NoAnswerError, RefusedError) as error:
        yield "already exists" not in str(error)
        return
    done = Event()
    Thread(target=_keep, args=(client, member, done), daemon=True).start()
    try:
        yield True
    finally:
        done.set()
        with suppress(NoAnswerError, RefusedError):
            call(client, member, "/v3/lease/revoke", {"ID": str(CLAIM)})


def _keep(client: TlsClient, member: MemberAddress, done: Event) -> None:
    for _ in range(3 * LONGEST // LENGTH):
        if done.wait(LENGTH / 3):
            return
        with suppress(NoAnswerError, RefusedError):
            call(client, member, "/v3/lease/keepalive", {"ID": str(CLAIM)})
