"""Faults of a member's machine."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from localcloud.machines.errors import MachineFailedError
from localcloud.machines.machine import NspawnMachine
from localcloud.tokens import DIGITALOCEAN_TOKEN
from testbed.cluster import Cluster

LIMIT = 30.0
POLL = 0.2


@contextmanager
def paused(cluster: Cluster, member: str) -> Generator[None]:
    """Pause its machine: connections stay open, and nothing answers."""
    machine = cluster.cloud.machine(member)
    machine.pause()
    try:
        yield
    finally:
        machine.resume()


@contextmanager
def powered_off(cluster: Cluster, member: str) -> Generator[None]:
    """Cut its machine's power, and power it on at the end."""
    machine = cluster.cloud.machine(member)
    if not machine.running:
        raise MachineFailedError(f"machine {member} is off")
    # The API refuses this during another action. A failure of the host does not.
    if not _act(cluster, machine.id, "power_off").is_success:
        machine.kill()
    deadline = time.monotonic() + LIMIT
    while machine.running:
        if time.monotonic() > deadline:
            raise MachineFailedError(f"machine {member} is still on after {LIMIT:.0f} s")
        time.sleep(POLL)
    try:
        yield
    finally:
        _power_on(cluster, machine)


@contextmanager
def rebooted(cluster: Cluster, member: str) -> Generator[None]:
    """Request a reboot of its machine, which the machine may block for half a minute."""
    _required(_act(cluster, cluster.cloud.machine(member).id, "reboot"))
    yield


@contextmanager
def power_cycled(cluster: Cluster, member: str) -> Generator[None]:
    """Cut its machine's power, and power it on at once."""
    _required(_act(cluster, cluster.cloud.machine(member).id, "power_cycle"))
    yield


@contextmanager
def deleted(cluster: Cluster, member: str) -> Generator[None]:
    """Delete its droplet, as somebody else does. Its volume stays."""
    _required(_request(cluster, "DELETE", f"/v2/droplets/{cluster.cloud.machine(member).id}"))
    yield


def _power_on(cluster: Cluster, machine: NspawnMachine) -> None:
    """Power a machine on, unless it is deleted, on, or busy with something else for half a minute."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        seen = _request(cluster, "GET", f"/v2/droplets/{machine.id}")
        if seen.status_code == 404:
            return
        # The API notices within two seconds that a machine went off.
        if seen.json()["droplet"]["status"] == "active" and machine.running:
            return
        if seen.json()["droplet"]["status"] == "off":
            _act(cluster, machine.id, "power_on")
        time.sleep(POLL)


def _act(cluster: Cluster, droplet: int, kind: str) -> httpx.Response:
    return _request(cluster, "POST", f"/v2/droplets/{droplet}/actions", {"type": kind})


def _request(
    cluster: Cluster, method: str, path: str, body: Mapping[str, Any] | None = None
) -> httpx.Response:
    """Send a request to the DigitalOcean API past all of its faults."""
    with cluster.cloud.control as client:
        return client.request(
            method,
            f"/digitalocean{path}",
            json=body,
            headers={"authorization": f"Bearer {DIGITALOCEAN_TOKEN}"},
        )


def _required(answer: httpx.Response) -> None:
    if not answer.is_success:
        raise MachineFailedError(f"{answer.request.url.path}: {answer.status_code}: {answer.text}")
