"""When the members' own vetoes against their shutdown do not hold, and what a run does then.

What reaches a droplet by no gate meets its member's veto, which goes by markers: tags of the account. They may be as a
rollout all at once, or a teardown that was broken off, has left them, and a guard may go by them for some time
after they are right again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pulumi

from components.config.settings import Settings
from components.etcd.cluster_client import ClusterClient
from components.etcd.health import listed, problems


class UnguardedMode:
    """The vetoes in one run; ``droplets`` are those of the configured members, by name."""

    def __init__(
        self,
        settings: Settings,
        *,
        members: ClusterClient,
        droplets: Mapping[str, pulumi.CustomResource],
        others_healthy: Callable[[str], Awaitable[object]],
    ) -> None:
        """``others_healthy`` waits until all but the named member are healthy, and fails when they are not."""
        self._settings = settings
        self._members = members
        self._droplets = droplets
        self._others_healthy = others_healthy
        self._first: asyncio.Future[str] | None = None

    async def hold(self, member: str, gate: pulumi.Resource) -> bool:
        """Wait until a member's droplet may be touched, whatever is about to touch it.

        Gives whether its gate is to be waited for as well.
        """
        return not await self._members.unguarded.future() or await self._waits_in_turn(member, gate)

    async def _waits_in_turn(self, member: str, gate: pulumi.Resource) -> bool:
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
            "no member refuses to be shut down at this moment: the last run was all at once, or a teardown or the "
            "founding was broken off. Whatever changes, every other member has to be healthy first"
        )
        seen = await self._members.look()
        sick = [*problems(sorted({*self._settings.member_names, *listed(seen)}), seen)]
        return sick[0] if len(sick) == 1 and sick[0] in self._droplets else ""
