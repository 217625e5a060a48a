"""All services of a local cloud in one process, each with its own listener."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from localcloud import addresses
from localcloud.api.cloud import Cloud
from localcloud.api.cloudflare.app import cloudflare_app
from localcloud.api.connections import Connections
from localcloud.api.control import control_app
from localcloud.api.digitalocean.app import digitalocean_app
from localcloud.api.digitalocean.ratelimit import RateLimited
from localcloud.api.listener import Listener
from localcloud.api.metadata import metadata_app
from localcloud.api.reconcile import create_zones, reconcile
from localcloud.api.releases import releases_app
from localcloud.api.traffic import FaultInjector, RequestRecorder, Service, Traffic
from localcloud.api.watch import watch

log = logging.getLogger(__name__)

Address = tuple[str, int]


@dataclass(frozen=True)
class Addresses:
    """The addresses of the services. The defaults are valid inside a local cloud's network namespace."""

    digitalocean: Address = (str(addresses.GATEWAY.ip), addresses.DIGITALOCEAN_PORT)
    cloudflare: Address = (str(addresses.GATEWAY.ip), addresses.CLOUDFLARE_PORT)
    releases: Address = (str(addresses.GATEWAY.ip), addresses.RELEASES_PORT)
    metadata: Address = (str(addresses.METADATA), 80)


WATCH_SECONDS = 1.0
"""Seconds between two checks for machines that went off."""

LOOPBACK = Addresses(*[("127.0.0.1", 0)] * 4)
"""Free ports on the loopback interface, for tests of the APIs alone."""


class Services:
    """The services of one cloud."""

    def __init__(
        self,
        cloud: Cloud,
        where: Addresses,
        releases: Path,
        control: Path,
        watch_seconds: float = WATCH_SECONDS,
    ) -> None:
        self.cloud = cloud
        self.traffic = Traffic()
        cloud.store.tell(self.traffic.changes.state_changed)
        self.ready = False
        self._watch_seconds = watch_seconds
        self._watch: asyncio.Task[None] | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self.listeners: dict[Service, Listener] = {
            "digitalocean": self._listener("digitalocean", digitalocean_app(cloud), where.digitalocean),
            "cloudflare": self._listener("cloudflare", cloudflare_app(cloud), where.cloudflare),
            "metadata": self._listener("metadata", metadata_app(cloud), where.metadata),
            "releases": self._listener("releases", releases_app(releases), where.releases),
        }
        self.control = Listener(
            control_app(self.traffic, lambda: self.ready, self.apply_faults, cloud), control
        )

    def _listener(self, service: Service, app: ASGIApp, where: Address) -> Listener:
        connections = Connections()
        app = FaultInjector(app, service, self.traffic, connections)
        if service == "digitalocean":
            # Around the faults, since their answers have rate-limit headers, too.
            app = RateLimited(app, self.cloud.limits)
        return Listener(RequestRecorder(app, service, self.traffic), where, connections.protocol())

    async def start(self) -> None:
        """Open every listener, and restore machines, filters and names from the stored state."""
        create_zones(self.cloud)
        await asyncio.gather(*(listener.open() for listener in [self.control, *self.listeners.values()]))
        await reconcile(self.cloud)
        self._watch = asyncio.get_running_loop().create_task(watch(self.cloud, self._watch_seconds))
        self.ready = True

    async def stop(self) -> None:
        """Close everything. Machines keep running, and the next start resumes interrupted actions."""
        self.ready = False
        self._cancel_timers()
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.gather(*(listener.close() for listener in [*self.listeners.values(), self.control]))
        await self.cloud.cancel()
        self.cloud.store.close()

    async def apply_faults(self) -> None:
        """Close the listeners of services that are down, and open the others; repeat it when a fault expires."""
        self._cancel_timers()
        now = time.monotonic()
        down: set[Service] = set()
        for active in self.traffic.active_faults:
            if active.fault.kind == "down" and (active.until is None or active.until > now):
                down.add(active.fault.service)
                if active.until is not None:
                    loop = asyncio.get_running_loop()
                    self._timers.append(
                        loop.call_later(active.until - now, lambda: self.cloud.spawn(self.apply_faults()))
                    )
        for service, listener in self.listeners.items():
            await (listener.close() if service in down else listener.open())

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
