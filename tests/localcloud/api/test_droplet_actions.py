"""Actions on droplets, and the states of droplets meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pydo
import pytest

from localcloud.machines.interface import Machine, NoMachines

BODY = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}


class WaitingHost(NoMachines):
    """A machine host that powers on after ``gate`` is set, and fails the calls that ``refuse`` contains."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.refuse = ""

    async def power_on(self, machine: Machine) -> None:
        await self.gate.wait()
        if self.refuse == "power_on":
            raise RuntimeError("no room on this host")
        await super().power_on(machine)

    async def shutdown(self, machine_id: int, timeout: float) -> bool:
        return self.refuse != "shutdown" and await super().shutdown(machine_id, timeout)


@pytest.fixture
def host() -> WaitingHost:
    return WaitingHost()


@pytest.fixture
def act(lab, http: httpx.Client) -> Callable[..., Any]:
    """A function that starts an action, waits for its end, and returns its status."""

    def begin(droplet_id: int, type_: str, **more: Any) -> str:
        answer = http.post(f"/v2/droplets/{droplet_id}/actions", json={"type": type_, **more})
        assert answer.status_code == 201, answer.text
        assert answer.json()["action"]["status"] == "in-progress"
        lab.settle()
        action = http.get(f"/v2/droplets/{droplet_id}/actions/{answer.json()['action']['id']}").json()[
            "action"
        ]
        assert action["completed_at"] is not None
        return action["status"]

    return begin


def refusal(http: httpx.Client, droplet_id: int, **wanted: Any) -> str:
    answer = http.post(f"/v2/droplets/{droplet_id}/actions", json=wanted)
    assert answer.status_code == 422
    return answer.json()["message"]


def test_actions_change_the_power_state(
    http: httpx.Client, droplet: Callable[..., Any], act: Callable[..., Any], host: WaitingHost
) -> None:
    id_ = droplet()["id"]
    for type_, status in [
        ("shutdown", "off"),
        ("power_on", "active"),
        ("reboot", "active"),
        ("power_cycle", "active"),
        ("power_off", "off"),
    ]:
        assert act(id_, type_) == "completed"
        assert http.get(f"/v2/droplets/{id_}").json()["droplet"]["status"] == status
        assert (id_ in host.on) == (status == "active")


def test_an_action_is_rejected_if_the_droplet_has_the_state_already(
    http: httpx.Client, droplet: Callable[..., Any], act: Callable[..., Any]
) -> None:
    id_ = droplet()["id"]
    assert refusal(http, id_, type="power_on") == "Droplet is already powered on."
    act(id_, "power_off")
    assert refusal(http, id_, type="power_off") == "Droplet is already powered off."


def test_a_shutdown_of_a_droplet_that_is_off_completes(
    droplet: Callable[..., Any], act: Callable[..., Any]
) -> None:
    id_ = droplet()["id"]
    act(id_, "power_off")
    assert act(id_, "shutdown") == "completed"


def test_a_resize_requires_a_droplet_that_is_off(
    http: httpx.Client, droplet: Callable[..., Any], act: Callable[..., Any], host: WaitingHost
) -> None:
    id_ = droplet()["id"]
    wanted = {"size": "s-2vcpu-4gb", "disk": True}
    assert "power it off" in refusal(http, id_, type="resize", **wanted)
    act(id_, "power_off")
    assert act(id_, "resize", **wanted) == "completed"
    act(id_, "power_on")
    resized = http.get(f"/v2/droplets/{id_}").json()["droplet"]
    assert (resized["size_slug"], resized["memory"], resized["vcpus"], resized["disk"]) == (
        "s-2vcpu-4gb",
        4096,
        2,
        80,
    )
    assert host.calls[-1][1].memory_mib == 4096  # type: ignore[attr-defined]
    act(id_, "power_off")
    assert refusal(http, id_, type="resize", size="s-1vcpu-1gb") == (
        "This size is not available because it has a smaller disk."
    )
    assert refusal(http, id_, type="resize", size="s-bad") == "You specified an invalid size."


def test_a_droplet_can_be_renamed(
    http: httpx.Client, droplet: Callable[..., Any], act: Callable[..., Any]
) -> None:
    id_ = droplet()["id"]
    assert act(id_, "rename", name="web-2") == "completed"
    assert http.get(f"/v2/droplets/{id_}").json()["droplet"]["name"] == "web-2"


def test_an_unknown_action_is_rejected(http: httpx.Client, droplet: Callable[..., Any]) -> None:
    assert "explode" in refusal(http, droplet()["id"], type="explode")


def test_a_locked_droplet_rejects_all_actions(lab, http: httpx.Client, host: WaitingHost) -> None:
    lab.soon(host.gate.clear)
    made = http.post("/v2/droplets", json=BODY).json()["droplet"]
    volume = http.post("/v2/volumes", json={"name": "data", "region": "fra1", "size_gigabytes": 1}).json()[
        "volume"
    ]
    pending = "Droplet already has a pending event."
    assert refusal(http, made["id"], type="power_off") == pending
    assert http.delete(f"/v2/droplets/{made['id']}").json()["message"] == pending
    attach = http.post(
        f"/v2/volumes/{volume['id']}/actions", json={"type": "attach", "droplet_id": made["id"]}
    )
    assert (attach.status_code, attach.json()["message"]) == (422, pending)
    lab.soon(host.gate.set)
    lab.settle()
    assert http.get(f"/v2/droplets/{made['id']}").json()["droplet"]["locked"] is False


def test_a_droplet_that_does_not_start_can_be_deleted(
    lab, http: httpx.Client, host: WaitingHost, caplog: pytest.LogCaptureFixture
) -> None:
    host.refuse = "power_on"
    made = http.post("/v2/droplets", json=BODY).json()
    lab.settle()
    assert (
        http.get(f"/v2/actions/{made['links']['actions'][0]['id']}").json()["action"]["status"] == "errored"
    )
    assert "no room on this host" in caplog.text
    assert http.delete(f"/v2/droplets/{made['droplet']['id']}").status_code == 204
    lab.settle()
    assert http.get("/v2/droplets").json()["droplets"] == []


def test_a_droplet_whose_shutdown_is_blocked_stays_active(
    http: httpx.Client, droplet: Callable[..., Any], act: Callable[..., Any], host: WaitingHost
) -> None:
    id_ = droplet()["id"]
    host.refuse = "shutdown"
    assert act(id_, "shutdown") == "errored"
    shown = http.get(f"/v2/droplets/{id_}").json()["droplet"]
    assert (shown["status"], shown["locked"]) == ("active", False)


def test_an_action_by_tag_applies_to_all_droplets_with_the_tag(
    lab, digitalocean: pydo.Client, droplet: Callable[..., Any], host: WaitingHost
) -> None:
    ids = {droplet(name=name, tags=["blue"])["id"] for name in ("one", "two")}
    other = droplet(name="three")["id"]
    begun = digitalocean.droplet_actions.post_by_tag({"type": "power_off"}, tag_name="blue")["actions"]
    assert {action["resource_id"] for action in begun} == ids
    lab.settle()
    assert host.on == {other}


def test_actions_are_listed_latest_first(
    digitalocean: pydo.Client, droplet: Callable[..., Any], act: Callable[..., Any]
) -> None:
    id_ = droplet()["id"]
    act(id_, "power_off")
    types = [action["type"] for action in digitalocean.droplet_actions.list(id_)["actions"]]
    assert types == ["power_off", "create"]
    assert [action["type"] for action in digitalocean.actions.list()["actions"]] == types
