"""Firewalls, and the packet filters that they become."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Any

import httpx
import pydo
import pytest

from localcloud.machines.interface import Filter, NoMachines, Rule

ANYWHERE = {"addresses": ["0.0.0.0/0", "::/0"]}
OUT = {"protocol": "tcp", "ports": "1-65535", "destinations": ANYWHERE}


def rule(ports: str, protocol: str = "tcp", **sources: Any) -> dict[str, Any]:
    return {"protocol": protocol, "ports": ports, "sources": sources}


@pytest.fixture
def firewall(http: httpx.Client) -> Callable[..., Any]:
    """A function that creates a firewall and all of its tags."""

    def create(**wanted: Any) -> Any:
        for tag in wanted.get("tags", []):
            http.post("/v2/tags", json={"name": tag})
        body = {"name": "fw", "outbound_rules": [OUT]} | wanted
        answer = http.post("/v2/firewalls", json=body)
        assert answer.status_code == 202, answer.text
        return answer.json()["firewall"]

    return create


@pytest.fixture
def filters(host: NoMachines) -> Callable[[], tuple[Filter, ...]]:
    """A function that returns the host's current packet filter."""

    def latest() -> tuple[Filter, ...]:
        applied = [asked for call, asked in host.calls if call == "apply_filters"]
        return applied[-1]  # type: ignore[return-value]

    return latest


def addresses(droplet: dict[str, Any]) -> set[IPv4Network]:
    return {IPv4Network(each["ip_address"]) for each in droplet["networks"]["v4"]}


def test_without_a_firewall_there_is_no_filter(
    droplet: Callable[..., Any], filters: Callable[..., Any]
) -> None:
    droplet()
    assert filters() == ()


def test_a_tag_in_a_rule_becomes_the_addresses_of_its_droplets(
    droplet: Callable[..., Any], firewall: Callable[..., Any], filters: Callable[..., Any]
) -> None:
    firewall(tags=["etcd"], inbound_rules=[rule("2380", tags=["etcd"])])
    one, two = droplet(name="one", tags=["etcd"]), droplet(name="two", tags=["etcd"])
    droplet(name="three")
    assert len(filters()) == 2
    for each in filters():
        (inbound,) = each.inbound
        assert (inbound.protocol, inbound.ports) == ("tcp", (2380, 2380))
        assert set(inbound.networks) == addresses(one) | addresses(two)
        assert each.outbound == (Rule("tcp", (1, 65535), (IPv4Network("0.0.0.0/0"),)),)


def test_the_filter_is_applied_before_the_machine_boots(
    droplet: Callable[..., Any], firewall: Callable[..., Any], host: NoMachines
) -> None:
    firewall(tags=["etcd"])
    droplet(tags=["etcd"])
    calls = [
        (call, asked)
        for call, asked in host.calls
        if call == "power_on" or (call == "apply_filters" and asked)
    ]
    assert [call for call, _ in calls][:2] == ["apply_filters", "power_on"]


def test_rules_with_addresses_droplets_and_ports_become_filters(
    droplet: Callable[..., Any], firewall: Callable[..., Any], filters: Callable[..., Any]
) -> None:
    made = droplet()
    firewall(
        droplet_ids=[made["id"]],
        inbound_rules=[
            rule("2379", addresses=["198.51.100.10", "192.0.2.0/24", "2001:db8::/32"]),
            rule("8000-9000", droplet_ids=[made["id"]]),
            rule("all", protocol="udp", addresses=["0.0.0.0/0"]),
            rule("0", protocol="icmp", addresses=["0.0.0.0/0"]),
        ],
    )
    everywhere = (IPv4Network("0.0.0.0/0"),)
    (only,) = filters()
    assert only.inbound[0].networks == (IPv4Network("198.51.100.10/32"), IPv4Network("192.0.2.0/24"))
    assert (only.inbound[1].ports, set(only.inbound[1].networks)) == ((8000, 9000), addresses(made))
    assert only.inbound[2:] == (Rule("udp", None, everywhere), Rule("icmp", None, everywhere))


def test_the_filter_follows_tags_firewalls_and_droplets(
    lab,
    digitalocean: pydo.Client,
    droplet: Callable[..., Any],
    firewall: Callable[..., Any],
    filters: Callable[..., Any],
) -> None:
    made = droplet()
    fw = firewall(tags=["etcd"])
    assert filters() == ()
    body = {"resources": [{"resource_id": str(made["id"]), "resource_type": "droplet"}]}
    digitalocean.tags.assign_resources("etcd", body)
    assert len(filters()) == 1
    digitalocean.tags.unassign_resources("etcd", body)
    assert filters() == ()
    digitalocean.firewalls.assign_droplets(fw["id"], {"droplet_ids": [made["id"]]})
    assert len(filters()) == 1
    digitalocean.firewalls.delete_droplets(fw["id"], {"droplet_ids": [made["id"]]})
    assert filters() == ()
    digitalocean.tags.assign_resources("etcd", body)
    digitalocean.firewalls.delete_tags(fw["id"], {"tags": ["etcd"]})
    assert filters() == ()
    digitalocean.firewalls.add_tags(fw["id"], {"tags": ["etcd"]})
    assert len(filters()) == 1
    digitalocean.firewalls.delete(fw["id"])
    assert filters() == ()
    firewall(tags=["etcd"])
    assert len(filters()) == 1
    digitalocean.droplets.destroy(made["id"])
    lab.settle()
    assert filters() == ()


def test_deleting_a_tag_removes_its_firewalls_from_droplets(
    digitalocean: pydo.Client,
    droplet: Callable[..., Any],
    firewall: Callable[..., Any],
    filters: Callable[..., Any],
) -> None:
    fw = firewall(tags=["etcd"])
    droplet(tags=["etcd"])
    digitalocean.tags.delete("etcd")
    assert filters() == ()
    assert digitalocean.firewalls.get(fw["id"])["firewall"]["tags"] == []


def test_the_rules_of_two_firewalls_are_combined(
    droplet: Callable[..., Any], firewall: Callable[..., Any], filters: Callable[..., Any]
) -> None:
    firewall(name="one", tags=["etcd"], inbound_rules=[rule("2380", addresses=["192.0.2.1"])])
    firewall(name="two", tags=["etcd"], inbound_rules=[rule("2379", addresses=["192.0.2.2"])])
    droplet(tags=["etcd"])
    (only,) = filters()
    assert [each.ports for each in only.inbound] == [(2380, 2380), (2379, 2379)]


def test_rules_are_added_removed_and_replaced(
    digitalocean: pydo.Client, firewall: Callable[..., Any]
) -> None:
    fw = firewall(inbound_rules=[rule("22", addresses=["192.0.2.1"])])
    more = {"inbound_rules": [rule("80", addresses=["192.0.2.1"])]}
    digitalocean.firewalls.add_rules(fw["id"], more)
    digitalocean.firewalls.add_rules(fw["id"], more)

    def ports() -> list[str]:
        return [each["ports"] for each in digitalocean.firewalls.get(fw["id"])["firewall"]["inbound_rules"]]

    assert ports() == ["22", "80"]
    digitalocean.firewalls.delete_rules(fw["id"], {"inbound_rules": [rule("22", addresses=["192.0.2.1"])]})
    assert ports() == ["80"]
    body = {"name": "fw", "inbound_rules": [rule("443", addresses=["192.0.2.1"])]}
    assert digitalocean.firewalls.update(fw["id"], body)["firewall"]["outbound_rules"] == []
    assert ports() == ["443"]


def test_ports_and_sources_are_returned_in_the_apis_format(firewall: Callable[..., Any]) -> None:
    shown = firewall(
        inbound_rules=[rule("all", addresses=["0.0.0.0/0"]), rule("", protocol="icmp", addresses=["::/0"])]
    )
    assert shown["inbound_rules"] == [
        {"protocol": "tcp", "ports": "0", "sources": {"addresses": ["0.0.0.0/0"]}},
        {"protocol": "icmp", "ports": "0", "sources": {"addresses": ["::/0"]}},
    ]
    assert shown["outbound_rules"] == [OUT]
    assert (shown["status"], shown["pending_changes"]) == ("succeeded", [])


def test_the_firewalls_of_a_droplet_are_listed(
    digitalocean: pydo.Client, droplet: Callable[..., Any], firewall: Callable[..., Any]
) -> None:
    firewall(tags=["etcd"])
    made = droplet(tags=["etcd"])
    assert [each["name"] for each in digitalocean.droplets.list_firewalls(made["id"])["firewalls"]] == ["fw"]


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"name": "taken"}, 409),
        ({"name": "-"}, 422),
        ({"tags": ["missing"]}, 422),
        ({"droplet_ids": [99]}, 422),
        ({"inbound_rules": None, "outbound_rules": None}, 422),
        ({"inbound_rules": [rule("70000", addresses=["192.0.2.1"])]}, 422),
        ({"inbound_rules": [rule("http", addresses=["192.0.2.1"])]}, 422),
        ({"inbound_rules": [rule("80", addresses=["192.0.2.0/33"])]}, 422),
        ({"inbound_rules": [rule("80", tags=["missing"])]}, 422),
        ({"inbound_rules": [rule("80", load_balancer_uids=["x"])]}, 422),
        ({"inbound_rules": [rule("80", protocol="sctp", addresses=["192.0.2.1"])]}, 422),
    ],
)
def test_an_invalid_firewall_is_rejected(
    http: httpx.Client, firewall: Callable[..., Any], wanted: dict[str, Any], status: int
) -> None:
    firewall(name="taken")
    assert (
        http.post("/v2/firewalls", json={"name": "fw", "outbound_rules": [OUT]} | wanted).status_code
        == status
    )


class RefusingHost(NoMachines):
    """A machine host that cannot apply a filter."""

    async def apply_filters(self, filters: object) -> None:
        raise RuntimeError("nft: syntax error")


class TestOnAHostThatRefusesFilters:
    @pytest.fixture
    def host(self) -> NoMachines:
        return RefusingHost()

    def test_a_firewall_that_cannot_be_applied_is_failed(
        self, firewall: Callable[..., Any], caplog: pytest.LogCaptureFixture
    ) -> None:
        assert firewall()["status"] == "failed"
        assert "nft: syntax error" in caplog.text
