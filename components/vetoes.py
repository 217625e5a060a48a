"""When the members' own vetoes against their shutdown do not hold, and what a run does then.

What reaches a droplet by no gate meets its member's veto, which goes by markers: tags of the account. They may still
be as a rollout all at once, or a teardown that was broken off, has left them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pulumi

from components.health import listed, problems
from components.members import Members
from components.network import rollout_marker, up_marker
from components.settings import Settings

GUARDS_LEARN_SECONDS = 60.0
"""After this long no guard goes by a marker that is no more: ``FRESH`` of cloud-init/prepare_cluster/guard.py."""


class Vetoes:
    """The vetoes in one run; ``droplets`` are those of the configured members, by name."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        members: Members,
        droplets: Mapping[str, pulumi.CustomResource],
        others_healthy: Callable[[str], Awaitable[object]],
    ) -> None:
        """``others_healthy`` waits until all but the named member are healthy, and fails when they are not."""
        self._name = name
        self._settings = settings
        self._members = members
        self._droplets = droplets
        self._others_healthy = others_healthy
        self._marked = False
        self._guards: asyncio.Future[None] | None = None
        self._first: asyncio.Future[str] | None = None

    def marker(self, *, opts: pulumi.ResourceOptions) -> pulumi.Resource:
        """The marker that the members' guards go by: no droplet is touched before it is right."""
        hook = pulumi.ResourceHook(f"{self._name}-marked", self.note_marked)
        creating = pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[hook]))
        return rollout_marker(
            self._name, self._settings.rollout, opts=pulumi.ResourceOptions.merge(opts, creating)
        )

    def note_marked(self, _: pulumi.ResourceHookArgs) -> None:
        """This run makes the marker."""
        self._marked = True

    async def hold(self, member: str, gate: pulumi.Resource) -> bool:
        """Wait until a member's droplet may be touched, whatever is about to touch it.

        Gives whether its gate is to be waited for as well.
        """
        await self.guards_know()
        return not await self._members.unguarded.future() or await self.waits_in_turn(member, gate)

    async def guards_know(self) -> None:
        """Wait until every member's guard goes by the marker that this run has made, if it has.

        Until then one may still let its machine go, since the last run was all at once.
        """
        if self._marked and self._guards is None:
            self._guards = asyncio.ensure_future(self._until_guards_know())
        if self._guards is not None:
            await asyncio.shield(self._guards)

    async def _until_guards_know(self) -> None:
        # While all are healthy no guard goes by any marker, and at the first trouble each asks for them at once.
        if sick := await self._sick():
            pulumi.log.info(
                f"{', '.join(sick)} not healthy: waiting {GUARDS_LEARN_SECONDS:.0f} s, until the other members know "
                "that they are wanted one at a time, and refuse to be shut down"
            )
            await asyncio.sleep(GUARDS_LEARN_SECONDS)

    async def waits_in_turn(self, member: str, gate: pulumi.Resource) -> bool:
        """Where no member refuses its shutdown: wait until all others are healthy, one member after the other.

        The only one that is sick does not wait for its turn, and the others wait for it: it may be what this run
        repairs. Gives whether there was a turn to wait for.
        """
        if self._first is None:
            self._first = asyncio.ensure_future(self._only_sick_one())
        first = await asyncio.shield(self._first)
        if member == first:
            return False
        if first:
            await self._droplets[first].urn.future()
        await gate.urn.future()
        await self._others_healthy(member)
        return True

    async def _only_sick_one(self) -> str:
        pulumi.log.info(
            f"there is no tag {up_marker(self._name)}, so no member refuses to be shut down until this run ends: a "
            "teardown was broken off, or the founding. Whatever changes, every other member has to be healthy first"
        )
        sick = await self._sick()
        return sick[0] if len(sick) == 1 and sick[0] in self._droplets else ""

    async def _sick(self) -> list[str]:
        """Members that are not healthy: of those configured, and those that the cluster lists."""
        seen = await self._members.look()
        return [*problems(sorted({*self._settings.member_names, *listed(seen)}), seen)]
