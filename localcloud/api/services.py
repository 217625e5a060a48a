"""All services of a local cloud in one process: one listener each, and the control socket."""

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
from localcloud.api.observation import Faulty, Noted, Observation, Service
from localcloud.api.reconcile import found, reconcile
from localcloud.api.releases import releases_app
from localcloud.api.watch import watch

log = logging.getLogger(__name__)

Address = tuple[str, int]


@dataclass(frozen=True)
class Addresses:
    """Where the services listen; the defaults are those inside a local cloud's network namespace."""

    digitalocean: Address = (str(addresses.GATEWAY.ip), addresses.DIGITALOCEAN_PORT)
    cloudflare: Address = (str(addresses.GATEWAY.ip), addresses.CLOUDFLARE_PORT)
    releases: Address = (str(addresses.GATEWAY.ip), addresses.RELEASES_PORT)
    metadata: Address = (str(addresses.METADATA), 80)


WATCH_SECONDS = 1.0
"""Between two looks at which machines run."""

LOOPBACK = Addresses(*[("127.0.0.1", 0)] * 4)
"""Free ports on loopback, for tests of the APIs alone."""


class Services:
    """The services over one cloud; ``start`` returns once all of it is as the stored state says."""

    def __init__(
        self,
        cloud: Cloud,
        where: Addresses,
        releases: Path,
        control: Path,
        watch_seconds: float = WATCH_SECONDS,
    ) -> None:
        self.cloud = cloud
        self.observation = Observation()
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
        steering = control_app(self.observation, lambda: self.ready, self.obey_faults, cloud)
        self.control = Listener(steering, control)

    def _listener(self, service: Service, app: ASGIApp, where: Address) -> Listener:
        connections = Connections()
        app = Faulty(app, service, self.observation, connections)
        if service == "digitalocean":
            app = RateLimited(app, self.cloud.limits)  # outside faults: their answers carry its headers, too
        return Listener(Noted(app, service, self.observation), where, connections.protocol())

    async def start(self) -> None:
        """Open every listener, then make machines, filters and names agree with the stored state."""
        found(self.cloud)
        await asyncio.gather(*(listener.open() for listener in [self.control, *self.listeners.values()]))
        await reconcile(self.cloud)
        self._watch = asyncio.get_running_loop().create_task(watch(self.cloud, self._watch_seconds))
        self.ready = True

    async def stop(self) -> None:
        """Close everything; machines stay as they are, and interrupted actions are resumed by the next start."""
        self.ready = False
        self._forget_timers()
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.gather(*(listener.close() for listener in [*self.listeners.values(), self.control]))
        await self.cloud.cancel()
        self.cloud.store.close()

    async def obey_faults(self) -> None:
        """Close the listeners of services that are down, open the others, and again when a fault runs out."""
        self._forget_timers()
        now = time.monotonic()
        down: set[Service] = set()
        for armed in self.observation.armed:
            if armed.fault.kind == "down" and (armed.until is None or armed.until > now):
                down.add(armed.fault.service)
                if armed.until is not None:
                    loop = asyncio.get_running_loop()
                    self._timers.append(
                        loop.call_later(armed.until - now, lambda: self.cloud.spawn(self.obey_faults()))
                    )
        for service, listener in self.listeners.items():
            await (listener.close() if service in down else listener.open())

    def _forget_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
