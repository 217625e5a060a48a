"""The gate before one member's droplet."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pulumi

from ..api.listing import ListingError
from ..api.retry import PAUSES
from ..config.hooks import resource_hook
from ..config.naming import key_of
from ..config.running_clusters import failing_last
from ..run_log import log
from ..run_log.events import DropletStep
from ..run_log.events import Gate as GateReport
from ..run_log.report import report
from .interfaces import MemberResources
from .messages import repair_command
from .rollout import Rollout


def digest(values: Mapping[str, Any]) -> pulumi.Output[str]:
    """SHA-256 of a resource's inputs. Secret inputs do not make the digest secret."""

    def hashed(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    return pulumi.Output.unsecret(pulumi.Output.json_dumps(values, sort_keys=True).apply(hashed))


def replaces_droplet(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> bool:
    """Whether a gate opens since its droplet is replaced, and not only since the droplet before it was.

    ``old`` and ``new`` are the inputs of the gate.
    """
    before, after = ((inputs or {}).get("input", {}).get("replaced_by") for inputs in (old, new))
    return before is None or before != after


@dataclass(frozen=True)
class GateArgs:
    """The member that a gate protects."""

    member: str
    """The member's name."""
    number: int
    """The member's number, counted from 1."""
    replaced_by: pulumi.Output[str]
    """The digest of all inputs whose change replaces the droplet."""
    previous: MemberResources | None
    """The member with the number before; ``None`` for the first member."""
    required: Sequence[pulumi.Resource]
    """Resources that must exist before any droplet."""
    droplet_urn: pulumi.Output[str]
    """The URN that the droplet will have."""
    record_urn: pulumi.Output[str]
    """The URN that the DNS record of the member will have. Empty if there are no records."""


class Gate:
    """Lets the engine change a droplet only while every other member is healthy.

    A gate is a stash whose input is what replaces the droplet, and the id of the droplet before it.
    """

    def __init__(self, rollout: Rollout, args: GateArgs, *, opts: pulumi.ResourceOptions) -> None:
        self._rollout = rollout
        self._member = args.member
        rollout.health.repairs[args.member] = repair_command(
            args.droplet_urn, rollout.changeable_record(args.record_urn)
        )
        name = f"{rollout.name}-gate-{args.number}"
        hook = resource_hook(name, self._open, in_previews=True)
        late = resource_hook(f"{name}-late", self._open_late)
        self.record = pulumi.Stash(
            name,
            input={
                "replaced_by": args.replaced_by,
                "after": "" if args.previous is None else args.previous.droplet.id,
            },
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(
                    depends_on=self._dependencies(args),
                    hooks=pulumi.ResourceHookBinding(before_create=[late], before_update=[hook]),
                ),
            ),
        )

    def _dependencies(self, args: GateArgs) -> pulumi.Output[list[pulumi.Resource]]:
        """The record of the member before, so that a failing record stops the run before the next droplet is touched.

        The gate before as well: a member that this run creates waits for no gate, so its droplet alone would not make
        the next one wait for the members before it. They resolve when nothing but a change of members is left to do.
        """

        @failing_last
        async def resolved(_: frozenset[str]) -> list[pulumi.Resource]:
            await self._rollout.wait_to_ask(self._member, args.required)
            if args.previous is None:
                return []
            return [args.previous.record or args.previous.droplet, args.previous.gate]

        return self._rollout.members.existing.apply(resolved)

    def dependencies(self, required: Sequence[pulumi.Resource]) -> pulumi.Output[list[pulumi.Resource]]:
        """The resources that the droplet depends on: ``required``, and the gate where the droplet exists already.

        They resolve when the engine may look at the droplet.
        """

        @failing_last
        async def resolved(_: frozenset[str]) -> list[pulumi.Resource]:
            try:
                behind_gate = await self._rollout.wait_to_change(self._member, self.record, required)
            except pulumi.RunError:
                await self._rollout.wait_for_hooks(required)
                raise
            return [self.record, *required] if behind_gate else [*required]

        return self._rollout.members.existing.apply(resolved)

    def orphan_hook(self) -> pulumi.ResourceHook:
        """A hook before the droplet's creation. It deletes a droplet of the same name that is in no stack's state.

        An engine that was killed while it created a droplet leaves one.
        """
        return resource_hook(f"{self._rollout.name}-orphan-{self._member}", self._delete_orphans)

    def preview_hook(self) -> pulumi.ResourceHook:
        """A hook before the droplet's creation, in previews alone, for whatever reason the droplet is replaced.

        A run itself is refused by the gate, because this hook would come after the deletion of the droplet.
        """
        name = f"{self._rollout.name}-preflight-{self._member}"
        return resource_hook(name, self._preview, in_previews=True)

    async def _preview(self, _: pulumi.ResourceHookArgs) -> None:
        if pulumi.runtime.is_dry_run():
            await self._rollout.preview_replacement(self._member)

    async def _open(self, args: pulumi.ResourceHookArgs) -> None:
        with self._reported():
            await self._check(args)
        if replaces_droplet(args.old_inputs, args.new_inputs):
            preview = pulumi.runtime.is_dry_run()
            report(DropletStep(member=self._member, state="waiting" if preview else "shutting down"))

    async def _open_late(self, _: pulumi.ResourceHookArgs) -> None:
        """Ask a gate that is created for a droplet that exists: a run has ended between the two.

        What was is not known, so the droplet may stay as it is, and its replacement is not checked.
        """
        if await self._rollout.asks_late(self._member):
            with self._reported():
                await self._rollout.release(self._member)

    @contextmanager
    def _reported(self) -> Generator[None]:
        """Report that the gate is asked, and how that ends."""
        report(GateReport(member=self._member, state="asked"))
        try:
            yield
        except Exception:
            report(GateReport(member=self._member, state="refused"))
            raise
        report(GateReport(member=self._member, state="open"))

    async def _check(self, args: pulumi.ResourceHookArgs) -> None:
        if replaces_droplet(args.old_inputs, args.new_inputs):
            await self._rollout.check_replacement(self._member)
        if pulumi.runtime.is_dry_run():
            return
        if self._rollout.settings.rollout == "all-at-once":
            log.warn(
                f"{self._member} may change while others are unhealthy, because {key_of('rollout')} is all-at-once"
            )
            return
        await self._rollout.release(self._member)

    async def _delete_orphans(self, _: pulumi.ResourceHookArgs) -> None:
        if self._member in await self._rollout.existing():
            await self._delete_found()
        self._rollout.creates(self._member)

    async def _delete_found(self) -> None:
        for droplet in await self._droplets_of_this_name():
            log.warn(
                f"droplet {droplet} has the name {self._member} and is not in the stack's state: a run was interrupted "
                "while it created it, or the state is an old export. It is shut down and deleted as soon as every "
                "other member is healthy"
            )
            if self._rollout.settings.rollout != "all-at-once":
                await self._rollout.release(self._member)
            await self._rollout.members.droplets.remove(droplet)

    async def _droplets_of_this_name(self) -> Sequence[int]:
        """List them. A failed listing is repeated for a minute, because the droplet before is deleted already."""
        for pause in PAUSES:
            try:
                return await self._rollout.members.droplets.named(self._member)
            except ListingError as error:
                log.info(f"before {self._member} is created: {error}. Listing again in {pause} s")
                await asyncio.sleep(pause)
        return await self._rollout.members.droplets.named(self._member)
