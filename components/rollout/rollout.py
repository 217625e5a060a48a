"""One run's rollout: what a droplet waits for before it changes, and what the gates of all members share."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from ..changes.member_versions import Upgrade
from ..config.settings import Settings
from ..etcd.leadership import successor
from ..etcd.member_status import Observation
from ..infra.dns import ZoneState
from ..run_log.events import DropletStep
from ..run_log.report import report
from .backup_request import BackupRequests
from .interfaces import (
    DropletChecks,
    Registered,
    RegisteredDroplet,
    RunningMembers,
)
from .member_health import MemberHealth
from .messages import created_without_dns, planned_without_dns
from .once import Once
from .only_copy import keep_only_copy
from .policy import joining_members, waits_for_gate
from .unguarded import UnguardedMode
from .upgrade_backup import UpgradeBackup
from .watch import ShutdownWatch


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
    records: Mapping[str, Registered]
    """The DNS records of the configured members, in the same order."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        members: RunningMembers,
        preflight: DropletChecks,
        zone: pulumi.Output[ZoneState],
        version: pulumi.Output[str],
    ) -> None:
        """``preflight`` is asked before a droplet is made. It fails when DigitalOcean would refuse the droplet.

        ``version`` is the version of etcd that the droplets of this run install.
        """
        self.name = name
        self.settings = settings
        self.members = members
        self.preflight = preflight
        self.zone = zone
        self.health = MemberHealth(name, settings, members=members, version=version)
        self.backups = BackupRequests(settings, members.admin)
        self.droplets = self._droplets = dict[str, RegisteredDroplet]()
        self._upgrade = Upgrade(settings, version)
        self._upgrade_backup = UpgradeBackup(
            settings, members=members, upgrade=self._upgrade, backups=self.backups
        )
        self.records = self._records = dict[str, Registered]()
        self._unguarded = UnguardedMode(settings, members=members, health=self.health, records=self.records)
        self._settled = list[pulumi.Output[Any]]()
        self._joining_healthy = Once(self._wait_for_joining)
        self._watch = ShutdownWatch(settings, members=members, health=self.health)
        self._creating = set[str]()
        self._watches: list[asyncio.Future[None]] = []

    def add_member(
        self, name: str, *, gate: Registered, droplet: RegisteredDroplet, record: Registered
    ) -> None:
        """Let other members wait for this droplet and its record, and watch the droplet's shutdown.

        Without DNS records, ``record`` is the droplet itself.
        """
        self._droplets[name] = droplet
        self._records[name] = record

        def keep_id(known: str | None) -> None:
            if known:
                self.health.droplets[name] = known

        def tell(known: str | None) -> None:
            if known and not pulumi.runtime.is_dry_run():
                created = name in self._creating
                report(DropletStep(member=name, state="joining" if created else "unchanged"))

        droplet.id.apply(keep_id)
        droplet.id.apply(tell)
        if not pulumi.runtime.is_dry_run():
            self._watches.append(asyncio.ensure_future(self._watch.follow(name, gate, droplet)))

    def creates(self, member: str) -> None:
        """The engine is about to create the droplet of this member."""
        self._creating.add(member)
        report(DropletStep(member=member, state="creating"))

    def settle(self, *outputs: pulumi.Output[Any]) -> None:
        """Let no existing droplet change before these are known. They belong to resources that are no droplets.

        If one of these resources fails, the run ends, and no droplet is deleted meanwhile. A refusal waits for them as
        well, so that it does not cut off their hooks.
        """
        self._settled.extend(outputs)

    async def existing(self) -> frozenset[str]:
        """The members that have a droplet when the run begins."""
        return await self.members.existing.future() or frozenset()

    async def wait_to_ask(self, member: str, required: Sequence[Registered]) -> None:
        """Wait until the engine may call a member's gate, which then waits for nothing but the members' health.

        A gate's hook holds a worker of the engine, and with ``--parallel 1`` the only one. So everything else that the
        run makes before this member changes exists by then. A preview waits for nothing.
        """
        existing = await self.existing()
        if pulumi.runtime.is_dry_run():
            return
        for name in joining_members(self.settings.member_names, existing):
            await self._droplets[name].urn.future()
        if waits_for_gate(member, existing, self.settings.rollout):
            await self._wait_for_the_rest(required)

    async def wait_to_change(self, member: str, gate: Registered, required: Sequence[Registered]) -> bool:
        """Wait until the engine may look at a member's droplet. Returns whether the droplet depends on its gate.

        ``required`` are resources that must exist before it. A preview waits for nothing.
        """
        existing = await self.existing()
        preview = pulumi.runtime.is_dry_run()
        if not preview and not waits_for_gate(member, existing, self.settings.rollout):
            # A firewall change may be urgent. It does not wait for the checks, and a refusal does not prevent it.
            await asyncio.gather(*(resource.urn.future() for resource in required))
        if member not in existing:
            await self._check_creation(member)
        elif self.settings.rollout == "all-at-once":
            # No gate opens before these droplets are replaced.
            await self.preflight.before_replacing()
        if not waits_for_gate(member, existing, self.settings.rollout):
            if member in existing and not preview:
                await self._wait_until_settled()
                await self._upgrade_backup.take_before_all()
            return False
        if preview:
            return True
        # A gate sees joining members as well, but the engine does not call one whose input is unchanged.
        await self._wait_for_the_rest(required)
        return await self._unguarded.wait_for_turn(member, gate)

    async def wait_for_hooks(self, required: Sequence[Registered]) -> None:
        """Wait for ``required``, and for what is to settle. Then the engine calls hooks of droplets and gates alone.

        A refusal ends the program. A hook that the engine calls after that fails, and it reports that instead.
        """
        urns = (resource.urn.future() for resource in required)
        await asyncio.gather(*urns, self._wait_until_settled(), return_exceptions=True)

    def when_records_may_change(self) -> pulumi.Output[None]:
        """Resolves when all droplets exist that change at the same time.

        So no record that fails ends the run between the deletion and the creation of one of them. A droplet behind a
        gate does not count: its gate waits for the record of the member before.
        """

        async def waited(existing: frozenset[str]) -> None:
            if pulumi.runtime.is_dry_run():
                return
            for name, droplet in self._droplets.items():
                if not waits_for_gate(name, existing, self.settings.rollout):
                    await droplet.urn.future()

        return self.members.existing.apply(waited)

    def changeable_record(self, record: pulumi.Output[str]) -> pulumi.Output[str]:
        """The URN of a record; empty while Cloudflare does not show the zone, because records stay as they are then."""
        return pulumi.Output.all(self.zone, record).apply(lambda known: "" if known[0].problem else known[1])

    async def check_replacement(self, member: str) -> None:
        """Raise before a planned replacement that would lose all data, or that could not be completed.

        It could not because of the catalogue or of DNS.
        """
        if member not in await self.existing():
            return
        await self._keep_only_copy(member)
        zone = await self.zone.future()
        if zone is not None and zone.problem and self.settings.rollout != "all-at-once":
            raise pulumi.RunError(planned_without_dns(zone.problem))
        await self.preflight.before_replacing()

    async def preview_replacement(self, member: str) -> None:
        """Raise in a preview that replaces a member's droplet, for whatever reason.

        A repair needs no DNS, so the zone is not asked.
        """
        if member not in await self.existing():
            return
        await self._keep_only_copy(member)
        await self.preflight.before_replacing()

    async def _keep_only_copy(self, member: str) -> None:
        await keep_only_copy(
            member, settings=self.settings, existing=await self.existing(), members=self.members
        )

    async def _check_creation(self, member: str) -> None:
        """Raise before a droplet is created that DigitalOcean would refuse, or that would get no DNS record."""
        zone = await self.zone.future()
        if zone is not None and zone.problem and member not in zone.recorded:
            raise pulumi.RunError(created_without_dns(zone.problem))
        await self.preflight.before_adding()

    async def _wait_for_the_rest(self, required: Sequence[Registered]) -> None:
        """Wait until all is done that this run does before it changes a droplet that exists."""
        await asyncio.gather(*(resource.urn.future() for resource in required))
        await self._wait_until_settled()
        await self._joining_healthy.result()

    async def _wait_until_settled(self) -> None:
        await asyncio.gather(*(output.future() for output in self._settled))

    async def asks_late(self, member: str) -> bool:
        """Whether a gate asks when it is created: if its droplet exists, waits for it, and its member is healthy.

        This run may repair an unhealthy member while others are unhealthy as well. It blocks its own shutdown if that
        would do harm.
        """
        if not waits_for_gate(member, await self.existing(), self.settings.rollout):
            return False
        return await self.health.is_healthy(member)

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
            for name in joining:
                report(DropletStep(member=name, state="done"))
            await asyncio.gather(*(self._records[name].urn.future() for name in joining))
