"""The program powers on members' droplets that are off; tested with the stand-in API."""

from __future__ import annotations

from typing import Any

import httpx
import pulumi
import pytest

from components.config.loading import ProviderAccess
from components.config.settings import Settings
from components.droplets.address_book import AddressBook
from components.droplets.power_on import PowerSwitch, switched_off
from localcloud.tokens import DIGITALOCEAN_TOKEN, DISCOVERY_TOKEN

TAG = "etcd-etcd-test"
NAMES = ("a.example.test", "b.example.test", "c.example.test")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    for level in ("info", "warn"):
        monkeypatch.setattr(pulumi.log, level, lines.append)
    return lines


@pytest.fixture
def book(lab: Any) -> AddressBook:
    settings = {
        "domain": "example.test",
        "zone": "example.test",
        "clientCidrs": ["198.51.100.0/24"],
        "discoveryToken": DISCOVERY_TOKEN,
        "discoveryApiUrl": lab.url("digitalocean"),
    }
    return AddressBook(Settings.model_validate(settings), TAG)


@pytest.fixture
def droplets(droplet: Any) -> dict[str, int]:
    return {name: droplet(name=name, tags=[TAG])["id"] for name in NAMES}


def switch(lab: Any, book: AddressBook, token: str = DIGITALOCEAN_TOKEN) -> PowerSwitch:
    return PowerSwitch(ProviderAccess(lab.url("digitalocean"), token), book)


def turned_off(http: httpx.Client, lab: Any, droplet: int) -> None:
    http.post(f"/v2/droplets/{droplet}/actions", json={"type": "power_off"}).raise_for_status()
    lab.settle()


@pytest.fixture
async def first_is_off(lab: Any, http: httpx.Client, book: AddressBook, droplets: dict[str, int]) -> None:
    turned_off(http, lab, droplets[NAMES[0]])
    await book.droplets()


def states(http: httpx.Client) -> dict[str, str]:
    return {one["name"]: one["status"] for one in http.get("/v2/droplets").json()["droplets"]}


async def test_a_droplet_that_is_off_is_powered_on_if_its_member_is_needed(
    lab: Any, http: httpx.Client, book: AddressBook, droplets: dict[str, int], said: list[str]
) -> None:
    first, second, third = NAMES
    for name in (first, third):
        turned_off(http, lab, droplets[name])
    await book.droplets()
    await switch(lab, book).turn_on([first, second])
    lab.settle()
    assert states(http) == {first: "active", second: "active", third: "off"}
    assert said == [f"powering on droplet {droplets[first]} of {first}, which is off"]


async def test_no_request_is_sent_while_all_droplets_are_on(
    lab: Any, control: httpx.Client, book: AddressBook, droplets: dict[str, int], said: list[str]
) -> None:
    await book.droplets()
    control.delete("/requests")
    await switch(lab, book).turn_on(NAMES)
    assert control.get("/requests").json()["requests"] == []
    assert said == []


@pytest.mark.usefixtures("first_is_off")
async def test_a_rejected_power_on_is_logged_and_not_repeated_immediately(
    lab: Any, http: httpx.Client, book: AddressBook, said: list[str]
) -> None:
    powerless = switch(lab, book, DISCOVERY_TOKEN)
    for _ in range(3):
        await powerless.turn_on(NAMES)
    assert len(said) == 2
    assert f"could not power on {NAMES[0]}, trying again in 10 s: HTTP 403" in said[1]
    assert states(http)[NAMES[0]] == "off"


@pytest.mark.usefixtures("first_is_off")
async def test_an_unreachable_api_does_not_fail_the_power_switch(
    lab: Any, control: httpx.Client, book: AddressBook, said: list[str]
) -> None:
    control.put("/faults", json=[{"service": "digitalocean", "kind": "down", "seconds": 60}])
    await switch(lab, book).turn_on(NAMES)
    assert said == []


def test_a_locked_or_ambiguous_droplet_is_not_powered_on() -> None:
    def one(droplet: int, name: str, status: str = "off", *, locked: bool = False) -> dict[str, Any]:
        return {"id": droplet, "name": name, "status": status, "locked": locked}

    listed = [
        one(1, "on", "active"),
        one(2, "new", "new", locked=True),
        one(3, "busy", locked=True),
        one(4, "twice"),
        one(5, "twice", "active"),
        one(6, "off"),
        one(7, "departing"),
    ]
    asked = ["off", "twice", "busy", "new", "on", "missing"]
    assert switched_off(asked, listed) == {"off": 6}
