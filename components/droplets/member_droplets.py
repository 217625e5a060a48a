"""The droplets of a cluster's members at this moment, and what a run does to them outside of the engine."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from ..api.listing import ListingError
from ..config.settings import Settings
from .inventory import Inventory
from .power_on import PowerSwitch
from .shutdown import remove_droplet, retry_shutdown, shutdown_was_requested


class MemberDroplets:
    """The droplets that have the cluster's tag, or that the stack's state has."""

    def __init__(self, settings: Settings, account: Inventory) -> None:
        self._settings = settings
        self._access = account.access
        self._book = account.book
        self._stack = account.stack
        self._clock = account.clock
        self._power = PowerSwitch(self._access, self._book)

    async def deleted(self, droplets: Mapping[str, str]) -> Mapping[str, str]:
        """Those of the droplets that do not exist any more. All are given by id, under their members' names.

        One of which the API tells nothing counts as existing.
        """
        found: dict[str, str] = {}
        for name, droplet in droplets.items():
            with suppress(ListingError):
                if not await self._book.exists(droplet):
                    found[name] = droplet
        return found

    async def named(self, name: str) -> Sequence[int]:
        """Ids of the droplets that have the cluster's tag and this name at this moment."""
        return [droplet["id"] for droplet in await self._book.droplets() if droplet["name"] == name]

    async def orphaned(self, name: str) -> Sequence[int]:
        """Those of them that the state does not have. A run that is killed while it creates a droplet leaves one."""
        stack = await self._stack.future()
        return [
            droplet
            for droplet in await self.named(name)
            if stack is not None and str(droplet) not in stack.ids
        ]

    async def remove(self, droplet: int) -> None:
        """Shut a droplet down, detach its volumes and delete it."""
        await remove_droplet(self._access, droplet, seconds=self._settings.droplet_timeout_seconds)

    async def shutdown_was_requested(self, name: str, *, since: float) -> bool:
        """Whether a shutdown of the member's active droplet was requested since a Unix time. ``False`` if unknown."""
        asked = [
            await shutdown_was_requested(self._access, one, since=self._clock.api_time(since))
            for one in await self._active_droplets(name)
        ]
        return any(asked)

    async def delete_timeout(self, name: str) -> int | None:
        """Seconds that the engine gives the deletion of a member's droplet; ``None`` if the state does not say."""
        stack = await self._stack.future()
        return None if stack is None else stack.delete_timeouts.get(name)

    async def retry_shutdown(self, name: str, *, since: float, unresponsive: bool) -> frozenset[str]:
        """Retry the shutdown of a member's droplet, if one was requested since a Unix time.

        Returns the types of the actions that were started: ``shutdown``, or ``power_off`` for an unresponsive machine.
        A failure starts nothing, and the next call tries again.
        """
        limit = await self.delete_timeout(name) or self._settings.droplet_timeout_seconds
        started = [
            await retry_shutdown(
                self._access,
                one,
                since=self._clock.api_time(since),
                now=self._clock.api_time(time.time()),
                limit=limit,
                unresponsive=unresponsive,
            )
            for one in await self._active_droplets(name)
        ]
        return frozenset(filter(None, started))

    async def _active_droplets(self, name: str) -> list[int]:
        """Ids of the member's droplets that are on. Empty if the API does not list them.

        An action on a droplet that is off already would delay its deletion.
        """
        try:
            listed = await self._book.droplets()
        except ListingError:
            return []
        return [one["id"] for one in listed if one["name"] == name and one["status"] == "active"]

    async def power_on(self, names: Iterable[str]) -> None:
        """Power on the droplets of these members that are configured, and off while no action runs on them."""
        wanted = set(names)
        await self._power.turn_on([name for name in self._settings.member_names if name in wanted])
