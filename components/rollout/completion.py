"""The end of a run: the last gate, the members that leave a smaller cluster, and a last look at all others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from typing import Any

import pulumi

from ..config.hooks import resource_hook
from ..config.running_clusters import end_changes, failing_last
from ..etcd.admin import ChangeRefusedError
from ..etcd.health import listed_names
from ..identity.stack_state import last_gate
from ..run_log import log
from ..shared.names import by_number
from .interfaces import ReplaceableMember
from .messages import NOT_COMPLETED, RESUMABLE, record_left_behind
from .policy import answering, next_to_leave, not_joined
from .rollout import Rollout
from .waiting import POLL_SECONDS

REMOVAL_SECONDS = 30
"""Seconds for which etcd may refuse to remove a member.

It does so while it has no leader, and while too few members have been connected for five seconds (``HealthInterval`` in
etcd's server/etcdserver/server.go).
"""


class Completion:
    """Lets a run succeed only when every member is healthy."""

    def __init__(self, rollout: Rollout) -> None:
        self._rollout = rollout
        self._name = rollout.name
        self._members = rollout.settings.member_names
        self._hook_called = False

    def gate(
        self,
        members: Sequence[ReplaceableMember],
        *,
        after: Sequence[pulumi.Resource],
        recorded: pulumi.Output[bool],
        unrecorded: pulumi.Output[Sequence[str]],
        opts: pulumi.ResourceOptions,
    ) -> pulumi.Output[Sequence[str]]:
        """Register the last gate. Returns the members' names, once all members are healthy.

        By then, members that are not configured any more have left the cluster. The engine deletes their droplets
        afterwards. The engine calls the gate's hook only when something has changed. Without a change this run checks
        all the same, because it must not succeed while a member is unhealthy.

        ``recorded`` is whether the state has this gate. Then the run fails if the gate does, and deletes nothing.
        ``unrecorded`` are members to leave that the state's gate does not know, because the run that made them was
        interrupted. Without them in the input, nothing would have changed for the engine.
        """
        droplets = [member.droplet for member in members]
        records = [member.record for member in members if member.record is not None]
        gate: dict[str, Any] = {
            "members": list(self._members),
            "droplets": [droplet.id for droplet in droplets],
            "replaced_by": [member.replaced_by for member in members],
        }
        hook = resource_hook(last_gate(self._name), self._complete)
        record = pulumi.Stash(
            last_gate(self._name),
            input=unrecorded.apply(lambda names: {**gate, "leaving": list(names)} if names else gate),
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(
                    # With --continue-on-error the engine deletes nothing that a failed last gate depends on: so the
                    # records of members that could not leave stay.
                    depends_on=[*droplets, *records, *after],
                    hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook]),
                ),
            ),
        )

        @failing_last
        async def end(_: Any) -> Sequence[str]:
            if pulumi.runtime.is_dry_run():
                await self._announce()
            elif not self._hook_called:
                await self.check_existing()
            await self._check_records(members)
            end_changes()
            return self._members

        @failing_last
        async def deletes_nothing_after_a_failure(known: list[Any]) -> None:
            # With --continue-on-error the engine goes on to the deletions at a run's end, unless the program fails.
            if pulumi.runtime.is_dry_run() or await record.id.is_known():
                return
            end_changes()
            if known[0]:
                raise pulumi.RunError(NOT_COMPLETED)

        pulumi.Output.all(recorded, record.urn).apply(deletes_nothing_after_a_failure)
        return pulumi.Output.from_input(record.id).apply(end)

    async def check_existing(self) -> None:
        """Wait until all members with a droplet are healthy, and change none.

        A run with ``--target`` neither creates nor deletes members, whatever ``etcd:size`` says.
        """
        existing = await self._rollout.existing()
        await self._rollout.health.wait_for_cluster(
            [
                name
                for name, droplet in self._rollout.droplets.items()
                if name in existing or await droplet.id.future() is not None
            ]
        )

    async def _complete(self, _: pulumi.ResourceHookArgs) -> None:
        self._hook_called = True
        await self._let_members_leave()

    async def _check_records(self, members: Sequence[ReplaceableMember]) -> None:
        """Fail if clients are led to an earlier address, because ``--target`` names a droplet without its record."""
        zone = await self._rollout.zone.future()
        for member in members:
            if member.record is None or (zone is not None and zone.keeps(member.name)):
                continue
            content, address = await member.record.content.future(), await member.address.future()
            replaced = address is None and not await member.droplet.id.is_known()
            if content and (replaced or (address and address != content)):
                urn = await member.record.urn.future() or ""
                raise pulumi.RunError(record_left_behind(member.name, content, address, urn))

    async def _let_members_leave(self) -> None:
        """Wait until all members are healthy. Members that are not configured any more leave one by one.

        A droplet whose member has not joined yet is deleted here: it could join after the last look at the list, and
        stay in it when the engine deletes the droplet. So is a droplet that the state does not have: the engine deletes
        no such droplet, and could not delete the volume that is attached to it.
        """
        staying = self._members
        left: set[str] = set()
        give_up = 0.0
        while True:
            observations = await self._rollout.health.wait_for_cluster(staying)
            await self._rollout.health.compare_data(f"Cluster {self._name}", observations, ending=RESUMABLE)
            if (leaving := next_to_leave(listed_names(observations), staying, observations)) is None:
                if not await self._delete_droplets(not_joined({*staying, *left}, observations), left):
                    return
                continue
            if await self._rollout.backups.take(
                "Before members leave",
                answering({name: observations[name] for name in staying}),
                ending=RESUMABLE,
            ):
                continue
            await self._rollout.transfer_leadership(
                [name for name in listed_names(observations) if name not in staying], observations
            )
            if leaving not in left:
                log.info(f"{leaving} leaves the cluster, before its droplet is deleted")
                left.add(leaving)
                give_up = time.monotonic() + REMOVAL_SECONDS
            try:
                await self._rollout.members.remove_member(leaving, observations, through=staying)
            except ChangeRefusedError as error:
                if not error.temporary or time.monotonic() > give_up:
                    raise pulumi.RunError(
                        f"{leaving} did not leave the cluster: {error}. {RESUMABLE}"
                    ) from error
                await asyncio.sleep(POLL_SECONDS)

    async def _delete_droplets(self, unjoined: Sequence[str], left: Collection[str]) -> bool:
        """Delete the droplets of members that have not joined, and orphaned ones of those that have left.

        Returns whether there were any.
        """
        members = self._rollout.members
        found = {
            droplet: f"{name} has not joined the cluster, and is not wanted: its droplet {droplet} is deleted"
            for name in unjoined
            for droplet in await members.droplets.named(name)
        } | {
            droplet: f"{name} has left, and its droplet {droplet}, which is not in the stack's state, is deleted"
            for name in left
            for droplet in await members.droplets.orphaned(name)
        }
        for droplet, message in found.items():
            log.info(message)
            await members.droplets.remove(droplet)
        members.forget_addresses()
        return bool(found)

    async def _announce(self) -> None:
        """In a preview, say which droplets will be replaced, in order, and which members will leave.

        Members that the program did not make are named as well.
        """
        existing = await self._rollout.existing()
        await self._rollout.health.refuse_deleted(f"Cluster {self._name}", {*self._members} - existing)
        there = set(existing)
        if existing and await self._rollout.members.credentials_known():
            observations = await self._rollout.members.observe()
            self._rollout.health.name_foreign(observations)
            there |= listed_names(observations)
        replaced = [
            name
            for name, droplet in self._rollout.droplets.items()
            if name in existing and not await droplet.id.is_known()
        ]
        if replaced:
            log.info(f"{self._name}: {self._in_order(replaced)}")
        if leaving := sorted(there - set(self._members), key=by_number):
            log.info(f"{self._name}: {', '.join(leaving)} will leave the cluster, then be deleted")

    def _in_order(self, replaced: Sequence[str]) -> str:
        if self._rollout.settings.rollout == "all-at-once":
            return f"{', '.join(replaced)} will be replaced all at once"
        return f"members that will be replaced, one after the other: {', '.join(replaced)}"
