"""Private networks."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import httpx
import pydo
import pytest


def private(droplet: dict[str, Any]) -> IPv4Address:
    (address,) = [each["ip_address"] for each in droplet["networks"]["v4"] if each["type"] == "private"]
    return IPv4Address(address)


def test_vpcs_without_a_range_get_ranges_that_do_not_overlap(digitalocean: pydo.Client) -> None:
    ranges = [
        IPv4Network(digitalocean.vpcs.create({"name": f"net-{number}", "region": "fra1"})["vpc"]["ip_range"])
        for number in range(3)
    ]
    assert all(network.prefixlen == 20 for network in ranges)
    assert not any(one.overlaps(other) for one in ranges for other in ranges if one is not other)


def test_a_droplet_has_an_address_of_its_vpc(digitalocean: pydo.Client, droplet: Callable[..., Any]) -> None:
    vpc = digitalocean.vpcs.create({"name": "net", "region": "fra1", "ip_range": "10.10.10.0/24"})["vpc"]
    made = droplet(vpc_uuid=vpc["id"])
    assert made["vpc_uuid"] == vpc["id"]
    assert private(made) in IPv4Network("10.10.10.0/24")
    (member,) = digitalocean.vpcs.list_members(vpc["id"])["members"]
    assert (member["urn"], member["name"]) == (f"do:droplet:{made['id']}", "web-1")


def test_a_droplet_without_a_vpc_is_in_its_regions_default_vpc(
    digitalocean: pydo.Client, droplet: Callable[..., Any], http: httpx.Client
) -> None:
    assert digitalocean.vpcs.list()["vpcs"] == []
    one, two, other = droplet(name="one"), droplet(name="two"), droplet(name="three", region="ams3")
    assert one["vpc_uuid"] == two["vpc_uuid"] != other["vpc_uuid"]
    assert digitalocean.vpcs.get(one["vpc_uuid"])["vpc"]["default"] is True
    assert http.delete(f"/v2/vpcs/{one['vpc_uuid']}").status_code == 403


def test_the_first_vpc_of_a_region_is_its_default_vpc(
    digitalocean: pydo.Client, droplet: Callable[..., Any]
) -> None:
    wanted = [("one", "fra1"), ("two", "fra1"), ("three", "ams3")]
    made = [digitalocean.vpcs.create({"name": name, "region": region})["vpc"] for name, region in wanted]
    assert [vpc["default"] for vpc in made] == [True, False, True]
    assert droplet()["vpc_uuid"] == made[0]["id"]


def test_a_default_vpc_can_be_deleted_after_another_is_the_default(
    digitalocean: pydo.Client, http: httpx.Client
) -> None:
    first, second = (
        digitalocean.vpcs.create({"name": name, "region": "fra1"})["vpc"]["id"] for name in ("one", "two")
    )
    answer = http.delete(f"/v2/vpcs/{first}")
    assert (answer.status_code, answer.json()["id"], answer.json()["message"]) == (
        403,
        "forbidden",
        "Can not delete default VPCs",
    )
    assert digitalocean.vpcs.patch(first, {"default": False})["vpc"]["default"] is True
    assert digitalocean.vpcs.patch(second, {"default": True})["vpc"]["default"] is True
    assert digitalocean.vpcs.get(first)["vpc"]["default"] is False
    assert http.delete(f"/v2/vpcs/{first}").status_code == 204
    assert http.delete(f"/v2/vpcs/{second}").status_code == 403


def test_a_vpc_with_members_cannot_be_deleted(
    lab, digitalocean: pydo.Client, droplet: Callable[..., Any], http: httpx.Client
) -> None:
    digitalocean.vpcs.create({"name": "default-fra1", "region": "fra1"})
    vpc = digitalocean.vpcs.create({"name": "net", "region": "fra1"})["vpc"]
    made = droplet(vpc_uuid=vpc["id"])
    answer = http.delete(f"/v2/vpcs/{vpc['id']}")
    assert (answer.status_code, answer.json()["message"]) == (409, "Can not delete VPC with members")
    digitalocean.droplets.destroy(made["id"])
    lab.settle()
    assert http.delete(f"/v2/vpcs/{vpc['id']}").status_code == 204


def test_a_vpc_can_be_renamed_and_made_the_default(
    digitalocean: pydo.Client, droplet: Callable[..., Any]
) -> None:
    droplet(name="in-the-default-one")
    vpc = digitalocean.vpcs.create({"name": "net", "region": "fra1"})["vpc"]
    changed = digitalocean.vpcs.update(vpc["id"], {"name": "main", "description": "ours", "default": True})[
        "vpc"
    ]
    assert (changed["name"], changed["description"], changed["default"]) == ("main", "ours", True)
    assert droplet()["vpc_uuid"] == vpc["id"]
    assert [each["default"] for each in digitalocean.vpcs.list()["vpcs"]].count(True) == 1


@pytest.mark.parametrize(
    "wanted",
    [
        {"name": "not good"},
        {"name": "taken"},
        {"region": "xyz1"},
        {"ip_range": "203.0.113.0/24"},
        {"ip_range": "10.0.0.0/8"},
        {"ip_range": "10.0.0.0/29"},
        {"ip_range": "10.10.128.0/20"},
        {"ip_range": "nonsense"},
    ],
)
def test_an_invalid_vpc_is_rejected(http: httpx.Client, wanted: dict[str, Any]) -> None:
    http.post("/v2/vpcs", json={"name": "taken", "region": "fra1", "ip_range": "10.10.0.0/16"})
    answer = http.post("/v2/vpcs", json={"name": "net", "region": "fra1"} | wanted)
    assert (answer.status_code, answer.json()["id"]) == (422, "unprocessable_entity")


def test_a_droplet_in_a_vpc_of_another_region_is_rejected(http: httpx.Client) -> None:
    vpc = http.post("/v2/vpcs", json={"name": "net", "region": "ams3"}).json()["vpc"]
    body = {
        "name": "web-1",
        "region": "fra1",
        "size": "s-1vcpu-1gb",
        "image": "debian-13-x64",
        "vpc_uuid": vpc["id"],
    }
    assert http.post("/v2/droplets", json=body).status_code == 422
