"""Fixtures that run the services on free ports, in a thread, with a machine host that only records calls."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pydo
import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline.policies import AzureKeyCredentialPolicy
from cloudflare import Cloudflare

from localcloud.api.cloud import Cloud, Limits
from localcloud.api.services import LOOPBACK, Services
from localcloud.api.store import Store
from localcloud.machines.interface import NoMachines
from localcloud.tokens import CLOUDFLARE_TOKEN, DIGITALOCEAN_TOKEN, DISCOVERY_TOKEN

ZONE_ID = "023e105f4ecef8ad9ca31a8372d0c353"
PATIENCE = 60.0
"""Seconds for an answer of the services, which share this process and its disk with the tests."""


class Lab:
    """A local cloud without machines, which can be restarted."""

    def __init__(self, directory: Path, host: NoMachines, limits: Limits) -> None:
        self.directory = directory
        self.host = host
        self.limits = limits
        self.watch_seconds = 3600.0
        self.services: Services
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread

    def start(self) -> None:
        """Start the services with the folder's state."""
        cloud = Cloud(Store(self.directory / "api.sqlite"), self.host, limits=self.limits)
        self.services = Services(
            cloud,
            LOOPBACK,
            self.directory / "releases",
            self.directory / "control.sock",
            self.watch_seconds,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.call(self.services.start())

    def stop(self) -> None:
        """Stop the services, like SIGTERM does."""
        self.call(self.services.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def restart(self) -> None:
        """Stop and start the services."""
        self.stop()
        self.start()

    def call(self, work: Any) -> Any:
        """Run a coroutine in the services' thread, and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def soon(self, function: Callable[[], object]) -> None:
        """Call a function in the services' thread, without waiting."""
        self._loop.call_soon_threadsafe(function)

    def settle(self) -> None:
        """Wait until all background work has ended."""
        self.call(self.services.cloud.finished())

    def url(self, service: Any) -> str:
        """Return a service's URL."""
        return self.services.listeners[service].url

    def client(self, service: Any, token: str, path: str = "") -> httpx.Client:
        """Return an HTTP client of a service, below a path, that sends a token."""
        headers = {"authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url(service) + path, headers=headers, timeout=PATIENCE)


@pytest.fixture
def host() -> NoMachines:
    """The machine host; a test can override it with one that fails or waits."""
    return NoMachines()


@pytest.fixture
def limits() -> Limits:
    """The account's limits; a test can override them."""
    return Limits()


@pytest.fixture
def lab(tmp_path: Path, host: NoMachines, limits: Limits) -> Iterator[Lab]:
    lab = Lab(tmp_path, host, limits)
    lab.start()
    yield lab
    lab.stop()


def pydo_client(url: str, token: str = DIGITALOCEAN_TOKEN) -> pydo.Client:
    # pydo's own policy sends the token over HTTPS only.
    policy = AzureKeyCredentialPolicy(AzureKeyCredential(token), "Authorization", prefix="Bearer")
    return pydo.Client(token, endpoint=url, authentication_policy=policy, retry_total=0)


@pytest.fixture
def digitalocean(lab: Lab) -> pydo.Client:
    """DigitalOcean's own client, with full access."""
    return pydo_client(lab.url("digitalocean"))


@pytest.fixture
def http(lab: Lab) -> Iterator[httpx.Client]:
    """An HTTP client of the DigitalOcean API, with full access."""
    with lab.client("digitalocean", DIGITALOCEAN_TOKEN) as client:
        yield client


@pytest.fixture
def discovery(lab: Lab) -> Iterator[httpx.Client]:
    """An HTTP client of the DigitalOcean API, with the droplets' token."""
    with lab.client("digitalocean", DISCOVERY_TOKEN) as client:
        yield client


@pytest.fixture
def cloudflare(lab: Lab) -> Cloudflare:
    """Cloudflare's own client."""
    return Cloudflare(
        api_token=CLOUDFLARE_TOKEN, base_url=lab.url("cloudflare") + "/client/v4", max_retries=0
    )


@pytest.fixture
def zone_http(lab: Lab) -> Iterator[httpx.Client]:
    """An HTTP client of the zone's records."""
    with lab.client("cloudflare", CLOUDFLARE_TOKEN, f"/client/v4/zones/{ZONE_ID}") as client:
        yield client


@pytest.fixture
def control(lab: Lab) -> Iterator[httpx.Client]:
    """An HTTP client of the control socket."""
    transport = httpx.HTTPTransport(uds=str(lab.directory / "control.sock"))
    with httpx.Client(transport=transport, base_url="http://control", timeout=PATIENCE) as client:
        yield client


@pytest.fixture
def droplet(lab: Lab, digitalocean: pydo.Client) -> Callable[..., Any]:
    """A function that creates a droplet and waits until it is active: ``droplet(name=..., tags=...)``."""

    def create(**wanted: Any) -> Any:
        body = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"} | wanted
        made = digitalocean.droplets.create(body)["droplet"]
        lab.settle()
        return digitalocean.droplets.get(made["id"])["droplet"]

    return create


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """A function that waits for a condition."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"the condition is not met after {PATIENCE:.0f} s"
            time.sleep(0.02)

    return wait
