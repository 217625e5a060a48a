"""Machines that power themselves off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from localcloud.machines.interface import NoMachines


def test_a_droplet_is_off_after_its_machine_powered_itself_off(
    lab,
    http: httpx.Client,
    droplet: Callable[..., Any],
    host: NoMachines,
    eventually: Callable[..., None],
) -> None:
    by_itself, other = droplet(name="one")["id"], droplet(name="two")["id"]
    lab.stop()
    lab.watch_seconds = 0.02
    lab.start()
    http.base_url = lab.url("digitalocean")
    host.on.discard(by_itself)

    def status(id_: int) -> str:
        return http.get(f"/v2/droplets/{id_}").json()["droplet"]["status"]

    eventually(lambda: status(by_itself) == "off")
    assert status(other) == "active"
    assert http.post(f"/v2/droplets/{by_itself}/actions", json={"type": "power_on"}).status_code == 201
    lab.settle()
    assert by_itself in host.on
