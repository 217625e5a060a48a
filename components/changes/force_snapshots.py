"""etcd 3.7 does not read all that 3.5 wrote to a member's log, so every member takes a snapshot before it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping

import pulumi

from components.etcd.admin import ChangeRefusedError
from components.etcd.cluster_client import ClusterClient
from components.etcd.member_status import MemberStatus, Observation
from components.shared.versions import minor_version

LOGS_WITHOUT_V2 = (3, 7)
"""From this minor version on, etcd panics where its log since the last snapshot holds a request in the format of
v2, which 3.5 still writes when it starts and when it agrees on a version (etcd 3.7.1, ``applyEntryNormal``)."""

SNAPSHOT_ENTRIES = 10_000
"""After so many entries of its log, etcd 3.6 writes a snapshot (``--snapshot-count``)."""

POLL_SECONDS = 0.5


class SnapshotNotForcedError(Exception):
    """A member has not written its snapshot; the text says which."""


def needs_clean_logs(running: Collection[str], wanted: str) -> bool:
    """Whether a log that one of the ``running`` versions wrote would meet one that cannot read all of it."""
    return minor_version(wanted) >= LOGS_WITHOUT_V2 and any(
        minor_version(version) < LOGS_WITHOUT_V2 for version in running
    )


async def clean_logs(
    members: ClusterClient, answers: Mapping[str, MemberStatus], wanted: str, *, seconds: float
) -> None:
    """Have every member of ``answers`` write a snapshot, by as many entries as it takes.

    Raises ``SnapshotNotForcedError`` after ``seconds``, or where the cluster does not take the entries.
    """
    goal = max(answer.applied_index for answer in answers.values()) + SNAPSHOT_ENTRIES + 1
    pulumi.log.info(f"etcd {wanted} does not read what 3.5 wrote to its log: members take a snapshot first")
    try:
        await members.append_entries(min(answers), SNAPSHOT_ENTRIES + 1)
    except ChangeRefusedError as error:
        raise SnapshotNotForcedError(
            f"before etcd {wanted} every member writes a snapshot: {error}"
        ) from error
    deadline = time.monotonic() + seconds
    while behind := behind_of(goal, answers, await members.observe()):
        if time.monotonic() > deadline:
            raise SnapshotNotForcedError(
                f"before etcd {wanted} every member writes a snapshot, and {', '.join(behind)} did "
                f"not within {seconds:.0f} s (etcd:healthTimeoutSeconds). pulumi up begins anew"
            )
        await asyncio.sleep(POLL_SECONDS)


def behind_of(goal: int, asked: Collection[str], seen: Mapping[str, Observation]) -> list[str]:
    """The members that have not applied the log up to ``goal``, among those that were ``asked``."""
    return sorted(
        name
        for name in asked
        if not isinstance(answer := seen.get(name), MemberStatus) or answer.applied_index < goal
    )
