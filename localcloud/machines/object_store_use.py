"""Decides which commands wait for an object store that is still being built."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from localcloud.checkout import CHECKOUT
from localcloud.machines.stack import Stack

WITHOUT = frozenset({"etcdctl", "etcdutl"})
"""Programs that never use the object store."""

CHANGING = frozenset(
    {"up", "update", "destroy", "down", "dn", "refresh", "import", "watch", "preview", "pre"}
)
"""Commands of Pulumi, with their aliases, in which the program, a provider or a member may use the object store."""

NEEDING = frozenset({"etcd:restoreFrom", "etcd:backupBucketCreate"})
"""Settings with which already the first run of a cluster uses the object store."""


def may_use_object_store(argv: Sequence[str], stack: Stack | None) -> bool:
    """Return whether a command must find the object store ready.

    The first run of this checkout's program makes a cluster without it: the members retry their first backup every
    minute. Each later run may wait for a backup, and ``pulumi destroy`` leaves a last one. Other programs may make
    buckets.
    """
    program = Path(argv[0]).name
    if program in WITHOUT:
        return False
    if program != "pulumi":
        return True
    if CHANGING.isdisjoint(argv):
        return False
    return (
        stack is None
        or stack.directory != CHECKOUT
        or stack.has_resources()
        or not NEEDING.isdisjoint(stack.configuration())
    )
