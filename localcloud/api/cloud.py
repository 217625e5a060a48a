"""The local cloud that the APIs serve: its state, its machines, and the background work."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace

from localcloud.api.accounts import ACCOUNTS, FIRST, Account
from localcloud.api.filters import filters_of
from localcloud.api.model import Firewall
from localcloud.api.names import addresses_by_name
from localcloud.api.store import Store
from localcloud.machines.interface import MachineHost

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """The limits of each account."""

    droplets: int = 25
    """The number of droplets."""
    requests_per_hour: int = 5000
    """The number of requests for each token."""
    requests_per_minute: int = 250
    """The number of requests for each token."""
    shutdown_seconds: float = 60.0
    """Seconds within which a machine must shut down. After that the action fails."""


def _set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class Cloud:
    """The state of one account, and the machine host and the background work of all of them."""

    store: Store
    host: MachineHost
    account: Account = FIRST
    limits: Limits = field(default_factory=Limits)
    locks: defaultdict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """A lock for each droplet, so that its machine runs one action at a time."""
    creation_allowed: asyncio.Event = field(default_factory=_set_event)
    """While it is not set, new droplets stay ``new``."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _network: asyncio.Lock = field(default_factory=asyncio.Lock)

    def of(self, account: Account) -> Cloud:
        """Return the same cloud with the state of another account."""
        return replace(self, store=self.store.of("" if account is FIRST else account.name), account=account)

    def all_accounts(self) -> list[Cloud]:
        """Return the same cloud once for each account."""
        return [self.of(account) for account in ACCOUNTS]

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Start background work. ``finished`` waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finished(self) -> None:
        """Wait until all background work has ended."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cancel(self) -> None:
        """Cancel the background work. The next start resumes the stored actions."""
        for task in self._tasks:
            task.cancel()
        await self.finished()

    async def apply_filters(self) -> None:
        """Apply the packet filter that follows from the firewalls, tags and droplets of all accounts.

        If it cannot be applied, the cause is logged and the firewalls are ``failed``: they must not look effective.
        """
        async with self._network:
            try:
                await self.host.apply_filters(
                    [one for cloud in self.all_accounts() for one in filters_of(cloud.store)]
                )
            except Exception:
                log.exception("cannot apply the packet filter")
                self._mark_firewalls("failed")
            else:
                self._mark_firewalls("succeeded")

    async def apply_records(self) -> None:
        """Apply the names and addresses that follow from the DNS records of all accounts."""
        async with self._network:
            try:
                await self.host.apply_records(addresses_by_name(self.store))
            except Exception:
                log.exception("cannot apply the DNS records")

    def _mark_firewalls(self, status: str) -> None:
        for cloud in self.all_accounts():
            for firewall in cloud.store.all(Firewall):
                if firewall.status != status:
                    cloud.store.put(firewall.model_copy(update={"status": status}))
