"""The local cloud that the APIs serve: its state, its machines, and the picture that both must agree on."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass, field

from localcloud.api.filters import filters_of
from localcloud.api.model import Firewall
from localcloud.api.names import addresses_by_name
from localcloud.api.store import Store
from localcloud.machines.interface import MachineHost

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Limits of the account."""

    droplets: int = 25
    requests_per_hour: int = 5000
    """For each token."""
    requests_per_minute: int = 250
    """For each token."""
    shutdown_seconds: float = 60.0
    """How long a machine may take to shut down before the action fails."""


def _set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class Cloud:
    """State, machines, and the background work between them."""

    store: Store
    host: MachineHost
    limits: Limits = field(default_factory=Limits)
    locks: defaultdict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """One for each droplet: its machine does one thing at a time."""
    births: asyncio.Event = field(default_factory=_set_event)
    """While it is not set, new droplets stay ``new``."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _network: asyncio.Lock = field(default_factory=asyncio.Lock)

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Do work in the background; ``finished`` waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finished(self) -> None:
        """Wait until no background work is left."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cancel(self) -> None:
        """Stop background work where it is: the next start resumes it from the stored actions."""
        for task in self._tasks:
            task.cancel()
        await self.finished()

    async def apply_filters(self) -> None:
        """Give the host the whole packet filter as the stored firewalls, tags and droplets have it now.

        A host that refuses it leaves the firewalls ``failed`` and its reason in the log: a firewall that
        does not hold must not look as if it did.
        """
        async with self._network:
            try:
                await self.host.apply_filters(filters_of(self.store))
            except Exception:
                log.exception("the packet filter was not applied")
                self._mark_firewalls("failed")
            else:
                self._mark_firewalls("succeeded")

    async def apply_records(self) -> None:
        """Give the host all names and addresses as the stored records have them now."""
        async with self._network:
            try:
                await self.host.apply_records(addresses_by_name(self.store))
            except Exception:
                log.exception("the DNS records were not applied")

    def _mark_firewalls(self, status: str) -> None:
        for firewall in self.store.all(Firewall):
            if firewall.status != status:
                self.store.put(firewall.model_copy(update={"status": status}))
