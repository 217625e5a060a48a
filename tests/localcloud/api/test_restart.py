"""A restarted process continues the work of the last one, even after a crash."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from localcloud.machines.interface import Machine, NoMachines
from localcloud.tokens import DIGITALOCEAN_TOKEN
from tests.localcloud.conftest import PATIENCE

BODY = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64", "tags": ["etcd"]}
HEADERS = {"authorization": f"Bearer {DIGITALOCEAN_TOKEN}"}


class StuckHost(NoMachines):
    """A machine host that never finishes the calls that ``stuck`` contains."""

    stuck = ""
    fails_for = 0

    async def _obstacle(self, call: str) -> None:
        if call == self.stuck:
            self.calls.append((f"stuck {call}", None))
            await asyncio.Event().wait()

    async def power_on(self, machine: Machine) -> None:
        await self._obstacle("power_on")
        if machine.id == self.fails_for:
            raise RuntimeError("no room on this host")
        await super().power_on(machine)

    async def delete(self, machine_id: int) -> None:
        await self._obstacle("delete")
        await super().delete(machine_id)


@pytest.fixture
def host() -> StuckHost:
    return StuckHost()


def get(lab, path: str) -> Any:
    return httpx.get(lab.url("digitalocean") + path, headers=HEADERS, timeout=PATIENCE).json()


def test_a_restart_keeps_everything(
    lab, http: httpx.Client, zone_http: httpx.Client, droplet: Callable[..., Any]
) -> None:
    http.post("/v2/volumes", json={"name": "data-1", "region": "fra1", "size_gigabytes": 1})
    zone_http.post("/dns_records", json={"type": "A", "name": "a", "content": "203.0.113.10"})
    made = droplet(tags=["etcd"])
    paths = ("/v2/volumes", "/v2/vpcs", "/v2/actions", "/v2/firewalls")
    before = [get(lab, path) for path in paths]
    lab.restart()
    assert get(lab, f"/v2/droplets/{made['id']}")["droplet"] == made
    assert [get(lab, path) for path in paths] == before
    assert get(lab, "/v2/tags/etcd")["tag"]["resources"]["droplets"]["count"] == 1


def test_a_restart_powers_on_active_droplets_only(
    lab, droplet: Callable[..., Any], http: httpx.Client, host: StuckHost
) -> None:
    on, off = droplet(name="one")["id"], droplet(name="two")["id"]
    http.post(f"/v2/droplets/{off}/actions", json={"type": "power_off"})
    lab.settle()
    host.on.clear()  # like a reboot of the host
    lab.restart()
    assert host.on == {on}


def test_a_restart_applies_filters_and_names(
    lab, http: httpx.Client, zone_http: httpx.Client, droplet: Callable[..., Any], host: StuckHost
) -> None:
    zone_http.post("/dns_records", json={"type": "A", "name": "a", "content": "203.0.113.10"})
    droplet(tags=["etcd"])
    rules = {"inbound_rules": [{"protocol": "tcp", "ports": "22", "sources": {"addresses": ["192.0.2.1"]}}]}
    http.post("/v2/firewalls", json={"name": "fw", "tags": ["etcd"]} | rules)
    host.calls.clear()
    lab.restart()
    applied = dict(host.calls)
    assert len(applied["apply_filters"]) == 1  # type: ignore[arg-type]
    assert applied["apply_records"] == {"a.example.test": ["203.0.113.10"]}


def test_an_interrupted_creation_is_completed(
    lab, http: httpx.Client, host: StuckHost, eventually: Callable[..., None]
) -> None:
    host.stuck = "power_on"
    made = http.post("/v2/droplets", json=BODY).json()
    eventually(lambda: ("stuck power_on", None) in host.calls)
    lab.stop()
    host.stuck = ""
    lab.start()
    lab.settle()
    assert get(lab, f"/v2/droplets/{made['droplet']['id']}")["droplet"]["status"] == "active"
    assert get(lab, f"/v2/actions/{made['links']['actions'][0]['id']}")["action"]["status"] == "completed"


def test_an_interrupted_deletion_is_completed(
    lab, http: httpx.Client, droplet: Callable[..., Any], host: StuckHost, eventually: Callable[..., None]
) -> None:
    made = droplet()
    host.stuck = "delete"
    http.delete(f"/v2/droplets/{made['id']}")
    eventually(lambda: ("stuck delete", None) in host.calls)
    lab.stop()
    host.stuck = ""
    lab.start()
    lab.settle()
    assert get(lab, "/v2/droplets")["droplets"] == []
    assert host.on == set()


def test_a_machine_that_does_not_start_does_not_affect_the_others(
    lab, droplet: Callable[..., Any], host: StuckHost
) -> None:
    bad, good = droplet(name="one")["id"], droplet(name="two")["id"]
    host.on.clear()
    host.fails_for = bad
    lab.restart()
    assert host.on == {good}
    assert get(lab, f"/v2/droplets/{bad}")["droplet"]["status"] == "off"


def test_ids_are_never_reused(lab, droplet: Callable[..., Any], http: httpx.Client) -> None:
    first = droplet()["id"]
    http.delete(f"/v2/droplets/{first}")
    lab.settle()
    lab.restart()
    made = httpx.post(
        lab.url("digitalocean") + "/v2/droplets", headers=HEADERS, json=BODY, timeout=PATIENCE
    ).json()
    assert made["droplet"]["id"] > first


def test_only_the_owner_can_read_the_database(lab) -> None:
    for path in lab.directory.glob("api.sqlite*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
