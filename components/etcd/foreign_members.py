"""Members in etcd's list that the program did not make: somebody added them with ``etcdctl member add``.

They are set apart from the program's own members, so no wait is for them and nothing removes them. But one that votes
counts for the quorum. So members change only while etcd is connected to it.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Collection, Mapping
from dataclasses import replace

from ..shared.health import not_connected
from .member_metrics import read_metrics
from .member_status import ForeignMember, MemberStatus, Observation

PEERS = re.compile(r'^etcd_network_active_peers\{[^}]*Remote="([0-9a-f]+)"[^}]*\} ([0-9.]+)$', re.MULTILINE)
"""etcd's metric of each peer to which it has a connection."""


def set_apart(observations: Mapping[str, Observation], ours: Collection[str]) -> dict[str, Observation]:
    """Move all members whose names are not in ``ours`` from ``ids`` to ``foreign``."""

    def changed(status: MemberStatus) -> MemberStatus:
        foreign = tuple(
            ForeignMember(name, id_, learner=name in status.learners)
            for name, id_ in sorted(status.ids.items())
            if name not in ours
        )
        own = {name: id_ for name, id_ in status.ids.items() if name in ours}
        return replace(status, ids=own, foreign=foreign)

    return {
        name: changed(status) if isinstance(status, MemberStatus) else status
        for name, status in observations.items()
    }


async def with_connections(
    observations: Mapping[str, Observation], addresses: Mapping[str, str], context: ssl.SSLContext
) -> dict[str, Observation]:
    """Ask the members whose list has a foreign voter whether they are connected to it."""

    async def asked(name: str, status: Observation) -> Observation:
        if not isinstance(status, MemberStatus) or all(one.learner for one in status.foreign):
            return status
        connected = await _connected_peers(name, addresses[name], context)
        return replace(
            status,
            foreign=tuple(
                replace(one, connected=not one.learner and int(one.id) in connected) for one in status.foreign
            ),
        )

    answers = await asyncio.gather(*(asked(name, status) for name, status in observations.items()))
    return dict(zip(observations, answers, strict=True))


def foreign_members(observations: Mapping[str, Observation]) -> list[ForeignMember]:
    """All members that the program did not make. One is connected if any member is connected to it."""
    found: dict[str, ForeignMember] = {}
    for status in observations.values():
        if isinstance(status, MemberStatus):
            for one in status.foreign:
                if one.id not in found or one.connected:
                    found[one.id] = one
    return [found[id_] for id_ in sorted(found)]


def foreign_problems(observations: Mapping[str, Observation]) -> dict[str, str]:
    """The problem of each foreign voter that does not run. Without it the quorum may need every other member."""
    return {
        one.name: not_connected(int(one.id))
        for one in foreign_members(observations)
        if not (one.learner or one.connected)
    }


async def _connected_peers(name: str, address: str, context: ssl.SSLContext) -> set[int]:
    """Ids of the members to which a member has a connection. Empty if it does not tell."""
    metrics = await read_metrics(name, address, context)
    return {int(remote, 16) for remote, active in PEERS.findall(metrics) if float(active) > 0}
