"""One run's rollout: what a droplet waits for before it changes, and what the gates of all members share."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.changes.member_versions import Upgrade
from components.config.settings import Settings
from components.etcd.leadership import successor
from components.etcd.member_status import Observation
from components.rollout.backup_request import BackupRequests
from components.rollout.interfaces import Registered, RegisteredDroplet, RunningMembers
from components.rollout.member_health import MemberHealth
from components.rollout.once import Once
from components.rollout.policy import joining_members, waits_for_gate
from components.rollout.unguarded import UnguardedMode
from components.rollout.upgrade_backup import UpgradeBackup
from components.rollout.watch import ShutdownWatch


class Rollout:
    """The rollout of one cluster in one run.

    The engine runs what waits here only after the program has declared all members. So a wait may name any of them.
    """

    health: MemberHealth
    """The waits for members."""
    backups: BackupRequests
    """The backups that this run requests."""
    droplets: Mapping[str, RegisteredDroplet]
    """The droplets of the configured members, by name and in the order of their numbers."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        members: RunningMembers,
        ready: pulumi.Output[Any],
        version: pulumi.Output[str],
    ) -> None:
        """``ready`` fails, before any member changes, when DigitalOcean would refuse the droplets.

        ``version`` is the version of etcd that the droplets of this run install.
        """
        self.name = name
        self.settings = settings
        self.members = members
        self.ready = ready
        self.health = MemberHealth(name, settings, members=members, version=version)
        self.backups = BackupRequests(settings, members.admin)
        self.droplets = self._droplets = dict[str, RegisteredDroplet]()
        self._upgrade = Upgrade(settings, version)
        self._upgrade_backup = UpgradeBackup(
            settings, members=members, upgrade=self._upgrade, backups=self.backups
        )
        self._unguarded = UnguardedMode(settings, members=members, health=self.health, droplets=self.droplets)
        self._joining_healthy = Once(self._wait_for_joining)
        self._watch = ShutdownWatch(settings, members=members)
        self._watches: list[asyncio.Future[None]] = []

    def add_droplet(self, member: str, gate: Registered, droplet: RegisteredDroplet) -> None:
        """Let other members wait for this droplet, and watch its shutdown."""
        self._droplets[member] = droplet
        if not pulumi.runtime.is_dry_run():
            self._watches.append(asyncio.ensure_future(self._watch.follow(member, gate, droplet)))

    async def existing(self) -> frozenset[str]:
        """The members that have a droplet when the run begins."""
        return await self.members.existing.future() or frozenset()

    async def wait_to_change(self, member: str, gate: Registered, required: Sequence[Registered]) -> bool:
        """Wait until the engine may look at a member's droplet. Returns whether the droplet depends on its gate.

        ``required`` are resources that must exist before it. A preview waits for nothing.
        """
        await self.ready.future()
        existing = await self.existing()
        preview = pulumi.runtime.is_dry_run()
        if not waits_for_gate(member, existing, self.settings.rollout):
            if member in existing and not preview:
                await self._upgrade_backup.take_before_all()
            return False
        if preview:
            return True
        # A gate sees joining members as well, but the engine does not call one whose input is unchanged.
        await self._joining_healthy.result()
        await asyncio.gather(*(resource.urn.future() for resource in required))
        return await self._unguarded.wait_for_turn(member, gate)

    async def release(self, member: str) -> None:
        """Wait until every other member is healthy, and move the leadership away from this one.

        Before the first member gets another version of etcd, the members take a backup.
        """
        observations = await self.health.wait_for_others(member)
        await self._upgrade.check(observations)
        if await self._upgrade_backup.take(observations):
            observations = await self.health.wait_for_others(member)
        await self.transfer_leadership([member], observations)

    async def transfer_leadership(
        self, leaving: Sequence[str], observations: Mapping[str, Observation]
    ) -> None:
        """Make another member the leader, if one of those that are ``leaving`` leads."""
        if (transfer := successor(leaving, observations)) is not None:
            await self.members.transfer_leadership(*transfer)

    async def _wait_for_joining(self) -> None:
        if joining := joining_members(self.settings.member_names, await self.existing()):
            for name in joining:
                await self._droplets[name].urn.future()
            await self.health.wait_for_joining(joining)
