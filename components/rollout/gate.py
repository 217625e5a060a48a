"""The gate before one member's droplet."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.rollout.messages import repair_command
from components.rollout.rollout import Rollout


def digest(values: Mapping[str, Any]) -> pulumi.Output[str]:
    """SHA-256 of a resource's inputs. Secret inputs do not make the digest secret."""

    def hashed(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    return pulumi.Output.unsecret(pulumi.Output.json_dumps(values, sort_keys=True).apply(hashed))


@dataclass(frozen=True)
class GateArgs:
    """The member that a gate protects."""

    member: str
    """The member's name."""
    number: int
    """The member's number, counted from 1."""
    replaced_by: pulumi.Output[str]
    """The digest of all inputs whose change replaces the droplet."""
    previous: pulumi.CustomResource | None
    """The droplet of the member with the number before; ``None`` for the first member."""
    droplet_urn: pulumi.Output[str]
    """The URN that the droplet will have."""
    record_urn: pulumi.Output[str]
    """The URN that the DNS record of the member will have."""


class Gate:
    """Lets the engine change a droplet only while every other member is healthy.

    A gate is a stash whose input is what replaces the droplet, and the id of the droplet before it.
    """

    def __init__(self, rollout: Rollout, args: GateArgs, *, opts: pulumi.ResourceOptions) -> None:
        self._rollout = rollout
        self._member = args.member
        rollout.health.repairs[args.member] = repair_command(args.droplet_urn, args.record_urn)
        name = f"{rollout.name}-gate-{args.number}"
        hook = pulumi.ResourceHook(name, self._open)
        self.record = pulumi.Stash(
            name,
            input={
                "replaced_by": args.replaced_by,
                "after": "" if args.previous is None else args.previous.id,
            },
            opts=pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_update=[hook]))
            ),
        )

    def dependencies(self, required: Sequence[pulumi.Resource]) -> pulumi.Output[list[pulumi.Resource]]:
        """The resources that the droplet depends on: ``required``, and the gate where the droplet exists already.

        They resolve when the engine may look at the droplet.
        """

        async def resolved(_: frozenset[str]) -> list[pulumi.Resource]:
            behind_gate = await self._rollout.wait_to_change(self._member, self.record, required)
            return [self.record, *required] if behind_gate else [*required]

        return self._rollout.members.existing.apply(resolved)

    def orphan_hook(self) -> pulumi.ResourceHook:
        """A hook before the droplet's creation. It deletes a droplet of the same name that is in no stack's state.

        An engine that was killed while it created a droplet leaves one.
        """
        return pulumi.ResourceHook(f"{self._rollout.name}-orphan-{self._member}", self._delete_orphans)

    async def _open(self, _: pulumi.ResourceHookArgs) -> None:
        await self._rollout.ready.future()
        if self._rollout.settings.rollout == "all-at-once":
            pulumi.log.warn(
                f"{self._member} may change while others are unhealthy, because etcd:rollout is all-at-once"
            )
            return
        await self._rollout.release(self._member)

    async def _delete_orphans(self, _: pulumi.ResourceHookArgs) -> None:
        if self._member not in await self._rollout.existing():
            return
        for droplet in await self._rollout.members.droplets_named(self._member):
            pulumi.log.warn(
                f"droplet {droplet} has the name {self._member} and is not in the stack's state: a run was interrupted "
                "while it created it. It is shut down and deleted as soon as every other member is healthy"
            )
            if self._rollout.settings.rollout != "all-at-once":
                await self._rollout.release(self._member)
            await self._rollout.members.remove_droplet(droplet)
