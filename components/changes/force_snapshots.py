"""Force every member to write a snapshot before etcd 3.7, which cannot read all that 3.5 wrote to the log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping

from ..config.naming import key_of
from ..etcd.admin import ChangeRefusedError
from ..etcd.cluster_client import ClusterClient
from ..etcd.member_status import MemberStatus, Observation
from ..run_log import log
from ..shared.versions import minor_version

LOGS_WITHOUT_V2 = (3, 7)
"""From this minor version on, etcd panics if its log since the last snapshot has a request in the format of v2.

etcd 3.5 still writes such requests when it starts and when it agrees on a version (etcd 3.7.1, ``applyEntryNormal``).
"""

SNAPSHOT_ENTRIES = 10_000
"""The number of log entries after which etcd 3.6 writes a snapshot (``--snapshot-count``)."""

POLL_SECONDS = 0.5
"""Seconds between two looks at the members."""


class SnapshotNotForcedError(Exception):
    """A member has not written its snapshot. The text says which."""


def needs_snapshots(running: Collection[str], wanted: str) -> bool:
    """Whether ``wanted`` cannot read all of a log that one of the ``running`` versions wrote."""
    return minor_version(wanted) >= LOGS_WITHOUT_V2 and any(
        minor_version(version) < LOGS_WITHOUT_V2 for version in running
    )


async def force_snapshots(
    client: ClusterClient, statuses: Mapping[str, MemberStatus], wanted: str, *, seconds: float
) -> None:
    """Make every member of ``statuses`` write a snapshot, by appending as many log entries as that takes.

    Raises ``SnapshotNotForcedError`` after ``seconds``, or when the cluster refuses the entries.
    """
    goal = max(status.applied_index for status in statuses.values()) + SNAPSHOT_ENTRIES + 1
    log.info(f"etcd {wanted} cannot read all of the members' logs: every member writes a snapshot first")
    try:
        await client.append_entries(min(statuses), SNAPSHOT_ENTRIES + 1)
    except ChangeRefusedError as error:
        raise SnapshotNotForcedError(
            f"etcd {wanted} needs a snapshot of every member, and the log did not grow: {error}. Run pulumi up again"
        ) from error
    deadline = time.monotonic() + seconds
    while behind := members_behind(goal, statuses, await client.observe()):
        if time.monotonic() > deadline:
            raise SnapshotNotForcedError(
                f"etcd {wanted} needs a snapshot of every member, and {', '.join(behind)} wrote none within "
                f"{seconds:.0f} s ({key_of('healthTimeoutSeconds')}). Run pulumi up again"
            )
        await asyncio.sleep(POLL_SECONDS)


def members_behind(goal: int, asked: Collection[str], observations: Mapping[str, Observation]) -> list[str]:
    """Those of the members ``asked`` that have not applied the log up to the index ``goal``."""
    return sorted(
        name
        for name in asked
        if not isinstance(status := observations.get(name), MemberStatus) or status.applied_index < goal
    )
