"""The program deletes orphans of a killed run, and nothing else; tested with the stand-in APIs."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx
import pytest

from components.config.loading import ProviderAccess
from components.droplets.shutdown import (
    remove_droplet,
)
from components.orphans.delete import (
    NameInUseError,
    find_record,
    remove_blank_volume,
    remove_firewall,
    remove_record,
    remove_vpc,
)
from localcloud.tokens import CLOUDFLARE_TOKEN, DIGITALOCEAN_TOKEN

ZONE_ID = "023e105f4ecef8ad9ca31a8372d0c353"
VOLUME = {"name": "etcd-1", "region": "fra1", "size_gigabytes": 1, "description": "etcd data of a"}
RECORD = {
    "type": "A",
    "name": "a.example.test",
    "content": "203.0.113.10",
    "ttl": 60,
    "comment": "etcd cluster x",
}


@pytest.fixture
def access(lab: Any) -> ProviderAccess:
    return ProviderAccess(lab.url("digitalocean"), DIGITALOCEAN_TOKEN)


@pytest.fixture
def cloudflare_access(lab: Any) -> ProviderAccess:
    return ProviderAccess(lab.url("cloudflare") + "/client/v4", CLOUDFLARE_TOKEN)


async def test_the_programs_own_vpc_is_deleted(access: ProviderAccess, http: httpx.Client) -> None:
    http.post("/v2/vpcs", json={"name": "default-fra1", "region": "fra1"})
    body = {"name": "etcd-x", "region": "fra1", "description": "etcd cluster x"}
    assert http.post("/v2/vpcs", json=body).status_code == 201
    assert await remove_vpc(access, "etcd-x", "etcd cluster x") == ["vpc etcd-x"]
    assert await remove_vpc(access, "etcd-x", "etcd cluster x") == []


async def test_a_foreign_vpc_is_kept_and_named_in_the_error(
    access: ProviderAccess, http: httpx.Client
) -> None:
    http.post("/v2/vpcs", json={"name": "default-fra1", "region": "fra1"})
    http.post("/v2/vpcs", json={"name": "etcd-x", "region": "fra1", "description": "by hand"})
    with pytest.raises(NameInUseError, match=r"a vpc called etcd-x .* does not belong to this stack"):
        await remove_vpc(access, "etcd-x", "etcd cluster x")
    assert names(http, "vpcs") == ["default-fra1", "etcd-x"]


async def test_a_vpc_with_a_droplet_in_it_is_kept(
    access: ProviderAccess, http: httpx.Client, droplet: Any
) -> None:
    http.post("/v2/vpcs", json={"name": "default-fra1", "region": "fra1"})
    body = {"name": "etcd-x", "region": "fra1", "description": "etcd cluster x"}
    droplet(name="member", vpc_uuid=http.post("/v2/vpcs", json=body).json()["vpc"]["id"])
    with pytest.raises(NameInUseError, match=r"etcd-x .* member is in it"):
        await remove_vpc(access, "etcd-x", "etcd cluster x")
    assert names(http, "vpcs") == ["default-fra1", "etcd-x"]


async def test_a_firewall_is_deleted_only_while_it_protects_no_droplet(
    access: ProviderAccess, http: httpx.Client, droplet: Any
) -> None:
    http.post("/v2/tags", json={"name": "etcd-x"})
    member = droplet(name="member", tags=["etcd-x"])["id"]
    rule = {"protocol": "tcp", "ports": "2379", "sources": {"addresses": ["198.51.100.0/24"]}}
    body = {"name": "etcd-x", "tags": ["etcd-x"], "inbound_rules": [rule], "outbound_rules": []}
    assert http.post("/v2/firewalls", json=body).status_code == 202
    with pytest.raises(NameInUseError, match=r"firewall called etcd-x .* protects droplet member"):
        await remove_firewall(access, "etcd-x")
    assert names(http, "firewalls") == ["etcd-x"]
    await remove_droplet(access, member, seconds=20)
    assert await remove_firewall(access, "etcd-x") == ["firewall etcd-x"]


def names(http: httpx.Client, kind: str) -> list[str]:
    return [one["name"] for one in http.get(f"/v2/{kind}").json()[kind]]


async def test_a_volume_that_was_never_attached_is_deleted(
    access: ProviderAccess, http: httpx.Client
) -> None:
    http.post("/v2/volumes", json=VOLUME)
    assert await remove_blank_volume(access, "etcd-1", "fra1", "etcd data of a") == ["volume etcd-1"]
    assert http.get("/v2/volumes").json()["volumes"] == []


async def test_a_volume_that_was_attached_once_is_kept(
    access: ProviderAccess, http: httpx.Client, droplet: Any, lab: Any
) -> None:
    volume = http.post("/v2/volumes", json=VOLUME).json()["volume"]["id"]
    holder = droplet(name="a")["id"]
    for action in ("attach", "detach"):
        http.post(f"/v2/volumes/{volume}/actions", json={"type": action, "droplet_id": holder})
        lab.settle()
    with pytest.raises(NameInUseError, match="may hold a member's data"):
        await remove_blank_volume(access, "etcd-1", "fra1", "etcd data of a")
    assert len(http.get("/v2/volumes").json()["volumes"]) == 1


async def test_the_programs_record_is_deleted_and_a_foreign_one_is_kept(
    cloudflare_access: ProviderAccess, zone_http: httpx.Client
) -> None:
    zone_http.post("/dns_records", json=RECORD)
    removed = await remove_record(cloudflare_access, ZONE_ID, "a.example.test", "etcd cluster x")
    assert removed == ["record a.example.test"]
    zone_http.post("/dns_records", json=RECORD | {"comment": "by hand"})
    with pytest.raises(NameInUseError, match=r"an A record for a\.example\.test, .* not carry this"):
        await remove_record(cloudflare_access, ZONE_ID, "a.example.test", "etcd cluster x")


async def test_a_record_with_the_wanted_content_is_kept_and_adapted(
    cloudflare_access: ProviderAccess, zone_http: httpx.Client
) -> None:
    made = zone_http.post("/dns_records", json=RECORD | {"comment": "by hand"}).json()["result"]["id"]
    find = partial(find_record, cloudflare_access, ZONE_ID, "a.example.test")
    changes = {"comment": "etcd cluster x", "ttl": 60, "proxied": False}
    assert await find("203.0.113.11", changes) is None
    assert await find("203.0.113.10", {}) == made
    assert zone_http.get(f"/dns_records/{made}").json()["result"]["comment"] == "by hand"
    assert await find("203.0.113.10", changes) == made
    assert zone_http.get(f"/dns_records/{made}").json()["result"]["comment"] == "etcd cluster x"
