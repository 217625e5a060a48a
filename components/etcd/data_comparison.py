"""Compares the members' data at one revision, since etcd's health check does not see that one has other data."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Protocol

import pulumi

from ..config.naming import key_of
from ..run_log.report import reported_wait
from ..shared.names import by_number
from .admin import ChangeRefusedError, DataHash
from .member_status import MemberStatus, Observation

RETRY_SECONDS = 0.5
"""Seconds between two comparisons. A member may have to apply writes first, or to finish a compaction."""


class DifferentDataError(pulumi.RunError):
    """Members have different data, or it is unknown whether they have. The text says what to do."""


class HashedMembers(Protocol):
    """Members whose data can be hashed. ``components/etcd/cluster_client.py`` implements it."""

    async def observe(self) -> Mapping[str, Observation]:
        """Ask every member once."""
        ...

    async def data_hash(self, name: str, revision: int) -> DataHash:
        """The hash of a member's data at a revision. Raises ``ChangeRefusedError``."""
        ...


async def compare_data(
    members: HashedMembers,
    observations: Mapping[str, Observation],
    *,
    purpose: str,
    ending: str,
    seconds: float,
) -> None:
    """Return when all members that answer have the same data. Raises ``DifferentDataError`` otherwise.

    The members are asked one after the other, because each applies no write while it is asked. Where no hashes could
    be compared, this tries again for ``seconds``.
    """
    deadline = monotonic() + seconds
    with reported_wait(f"{purpose}, equal data") as wait_for:
        while True:
            statuses = {
                name: status
                for name in sorted(observations, key=by_number)
                if isinstance(status := observations[name], MemberStatus)
                and not status.learner
                and not status.problem
            }
            if len(statuses) < 2:
                return
            revision = min(status.revision for status in statuses.values())
            problem = "a compaction is under way"
            try:
                hashes = {name: await members.data_hash(name, revision) for name in statuses}
            except ChangeRefusedError as error:
                problem = str(error)
            else:
                if len(set(hashes.values())) == 1:
                    return
                if len({one.compact_revision for one in hashes.values()}) == 1:
                    raise DifferentDataError(different(hashes, revision, purpose, ending))
            if monotonic() >= deadline:
                raise DifferentDataError(
                    f"{purpose}: the members' data could not be compared within {seconds:.0f} s "
                    f"({key_of('healthTimeoutSeconds')}). Last observed: {problem}.\n{ending}"
                )
            wait_for(f"a comparison of the members' data: {problem}")
            await asyncio.sleep(RETRY_SECONDS)
            observations = await members.observe()


def minority(hashes: Mapping[str, DataHash]) -> Sequence[str]:
    """The members whose data differs from that of a majority; none when no majority has the same data."""
    ((common, count),) = Counter(hashes.values()).most_common(1)
    if 2 * count <= len(hashes):
        return ()
    return [name for name, one in hashes.items() if one != common]


def different(hashes: Mapping[str, DataHash], revision: int, purpose: str, ending: str) -> str:
    """The error's text: which members have other data, and what to do."""
    differing = minority(hashes)
    others = [name for name in hashes if name not in differing]
    if not differing:
        found = (
            f"{', '.join(others)} have different data at revision {revision}, and no majority has the same."
        )
        todo = "Keep all disks as they are. docs/recovery.md (Different data) says how to choose."
    else:
        verb = "has" if len(differing) == 1 else "have"
        found = (
            f"{' and '.join(differing)} {verb} other data than {' and '.join(others)} at revision {revision}."
        )
        todo = (
            f"Let {' and '.join(differing)} receive the data of the others, one at a time. On the droplet, as root:\n"
            "  python3 -ES /etc/etcd/prepare_cluster.py recover rejoin"
        )
    return f"{purpose}: {found} A client reads one or the other.\n{todo}\n{ending}"
