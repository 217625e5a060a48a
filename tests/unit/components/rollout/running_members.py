"""A running cluster, and resources of a run, as the rollout sees them in a test."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import pulumi

from components.etcd.admin import DataHash
from components.etcd.member_status import ForeignMember, MemberStatus, NoStatus, Observation
from components.etcd.node_report import NodeReport
from components.infra.dns import ZoneState
from components.rollout.backup_request import Leases

FOUND = ZoneState("zone", "", {})
"""Cloudflare shows the zone."""
NAMES = tuple(f"etcd-server-{number}.etcd.example.com" for number in (1, 2, 3))


def healthy(names: Collection[str] = NAMES, version: str = "3.6.14") -> MemberStatus:
    """The status of a healthy member in a cluster of these members."""
    return MemberStatus(
        *("cluster", "id", "leader"),
        learner=False,
        problem="",
        voters=frozenset(names),
        ids={name: name for name in names},
        version=version,
        cluster_version="3.6.0",
    )


def foreign(*members: ForeignMember) -> dict[str, Observation]:
    """Three healthy members, which list these members that the program did not make."""
    return {name: replace(healthy(), foreign=members) for name in NAMES}


def observed(*unhealthy: str) -> dict[str, Observation]:
    """Three members, of which these do not answer."""
    return {name: NoStatus("gone") if name in unhealthy else healthy() for name in NAMES}


class FakeDroplets:
    """Droplets that are on, that nobody may delete, and all of which exist but those of ``gone``."""

    def __init__(self) -> None:
        self.gone = frozenset[str]()

    async def deleted(self, droplets: Mapping[str, str]) -> Mapping[str, str]:
        return {name: droplet for name, droplet in droplets.items() if droplet in self.gone}

    async def power_on(self, names: Iterable[str]) -> None:
        """All are on."""

    async def shutdown_was_requested(self, name: str, *, since: float) -> bool:
        return True

    async def delete_timeout(self, name: str) -> int | None:
        return 240

    async def retry_shutdown(self, name: str, *, since: float, unresponsive: bool) -> frozenset[str]:
        raise AssertionError(name)

    async def named(self, name: str) -> Sequence[int]:
        raise AssertionError(name)

    async def orphaned(self, name: str) -> Sequence[int]:
        return []

    async def remove(self, droplet: int) -> None:
        raise AssertionError(droplet)


class FakeMembers:
    """Members that answer as a test wants, and that nobody may change."""

    def __init__(
        self,
        observations: Mapping[str, Observation],
        *,
        existing: Iterable[str] = NAMES,
        unguarded: bool = False,
    ) -> None:
        self.observations = dict(observations)
        self.told: dict[str, NodeReport] = {}
        self.clock_problem = ""
        self.heard_by_others = frozenset[str]()
        self.droplets = FakeDroplets()
        self.existing = pulumi.Output.from_input(frozenset(existing))
        self.unguarded = pulumi.Output.from_input(unguarded)

    def forget_addresses(self) -> None:
        """Nothing is remembered."""

    async def observe(self) -> Mapping[str, Observation]:
        return self.observations

    async def reports(self, names: Iterable[str]) -> Mapping[str, NodeReport]:
        return {name: self.told[name] for name in names if name in self.told}

    async def heard(self, observations: Mapping[str, Observation]) -> frozenset[str]:
        return self.heard_by_others

    async def own_address(self) -> str:
        return "192.0.2.7"

    async def credentials_known(self) -> bool:
        return True

    async def admin(self, name: str) -> Leases:
        raise AssertionError(name)

    async def data_hash(self, name: str, revision: int) -> DataHash:
        return DataHash(revision, -1)

    async def transfer_leadership(self, leader: str, to: str) -> None:
        raise AssertionError(leader, to)

    async def remove_member(
        self, leaving: str, observations: Mapping[str, Observation], *, through: Sequence[str]
    ) -> None:
        raise AssertionError(leaving)


class FakeResource:
    """A resource that the engine has handled when a future is done, or at once."""

    def __init__(self, handled: asyncio.Future[str] | None = None, *, identity: str | None = "1") -> None:
        self.urn = pulumi.Output.from_input("urn" if handled is None else handled)
        # A droplet that the engine does not create has no id.
        self.id = pulumi.Output.from_input(identity)
        self.content = pulumi.Output.from_input("203.0.113.1")


class FakeChecks:
    """DigitalOcean would create every droplet. ``asked`` has the checks that a rollout asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def before_replacing(self) -> None:
        self.asked.append("replacing")

    async def before_adding(self) -> None:
        self.asked.append("adding")
