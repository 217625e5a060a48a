"""The program finds orphans of a killed run, and deletes nothing else; tested with the stand-in APIs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest

from components.config.loading import ProviderAccess
from components.droplets.shutdown import remove_droplet
from components.orphans import search
from components.orphans.search import (
    NameInUseError,
    Orphan,
    find_blank_volume,
    find_firewall,
    find_records,
    find_vpc,
)
from localcloud.tokens import CLOUDFLARE_TOKEN, DIGITALOCEAN_TOKEN
from tests.localcloud.conftest import ZONE_ID

VPC = {"name": "etcd-x", "region": "fra1", "description": "etcd cluster x"}
FIREWALL = {
    "name": "etcd-x",
    "tags": ["etcd-x"],
    "inbound_rules": [
        {"protocol": "tcp", "ports": "2379", "sources": {"addresses": ["198.51.100.0/24"]}},
    ],
    "outbound_rules": [],
}
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


def names(http: httpx.Client, kind: str) -> list[str]:
    return [one["name"] for one in http.get(f"/v2/{kind}").json()[kind]]


def records(zone_http: httpx.Client) -> list[str]:
    return [one["name"] for one in zone_http.get("/dns_records").json()["result"]]


async def deleted(found: Sequence[Orphan]) -> list[str]:
    """Delete what a search found, and return the labels."""
    for orphan in found:
        await orphan.delete()
    return [orphan.label for orphan in found]


async def test_a_search_for_a_vpc_leaves_it(access: ProviderAccess, http: httpx.Client) -> None:
    http.post("/v2/vpcs", json={"name": "default-fra1", "region": "fra1"})
    assert http.post("/v2/vpcs", json=VPC).status_code == 201
    found = await find_vpc(access, "etcd-x", "etcd cluster x")
    assert names(http, "vpcs") == ["default-fra1", "etcd-x"]
    assert await deleted(found) == ["vpc etcd-x"]
    assert names(http, "vpcs") == ["default-fra1"]
    assert await find_vpc(access, "etcd-x", "etcd cluster x") == []


async def test_a_foreign_vpc_is_named_in_the_error(access: ProviderAccess, http: httpx.Client) -> None:
    http.post("/v2/vpcs", json={"name": "default-fra1", "region": "fra1"})
    http.post("/v2/vpcs", json=VPC | {"description": "by hand"})
    with pytest.raises(NameInUseError, match=r"a vpc called etcd-x .* does not belong to this stack"):
        await find_vpc(access, "etcd-x", "etcd cluster x")


async def test_a_vpc_with_a_droplet_in_it_is_no_orphan(
    access: ProviderAccess, http: httpx.Client, droplet: Any
) -> None:
    http.post("/v2/vpcs", json={"name": "default-fra1", "region": "fra1"})
    droplet(name="member", vpc_uuid=http.post("/v2/vpcs", json=VPC).json()["vpc"]["id"])
    with pytest.raises(NameInUseError, match=r"etcd-x .* member is in it"):
        await find_vpc(access, "etcd-x", "etcd cluster x")


async def test_a_firewall_is_an_orphan_only_while_it_protects_no_droplet(
    access: ProviderAccess, http: httpx.Client, droplet: Any
) -> None:
    http.post("/v2/tags", json={"name": "etcd-x"})
    member = droplet(name="member", tags=["etcd-x"])["id"]
    assert http.post("/v2/firewalls", json=FIREWALL).status_code == 202
    with pytest.raises(NameInUseError, match=r"firewall called etcd-x .* protects droplet member"):
        await find_firewall(access, "etcd-x")
    await remove_droplet(access, member, seconds=20)
    found = await find_firewall(access, "etcd-x")
    assert names(http, "firewalls") == ["etcd-x"]
    assert await deleted(found) == ["firewall etcd-x"]
    assert names(http, "firewalls") == []


@pytest.mark.parametrize("tags", [[], ["other"], ["etcd-x", "other"]], ids=["none", "another", "one more"])
async def test_a_firewall_with_other_tags_is_foreign(
    access: ProviderAccess, http: httpx.Client, tags: list[str]
) -> None:
    for tag in ("etcd-x", "other"):
        http.post("/v2/tags", json={"name": tag})
    assert http.post("/v2/firewalls", json=FIREWALL | {"tags": tags}).status_code == 202
    with pytest.raises(NameInUseError, match=r"firewall called etcd-x .* does not belong to this stack"):
        await find_firewall(access, "etcd-x")


async def test_a_firewall_of_a_droplet_without_the_tag_is_foreign(
    access: ProviderAccess, http: httpx.Client, droplet: Any
) -> None:
    http.post("/v2/tags", json={"name": "etcd-x"})
    other = droplet(name="other")["id"]
    assert http.post("/v2/firewalls", json=FIREWALL | {"droplet_ids": [other]}).status_code == 202
    with pytest.raises(NameInUseError, match=r"firewall called etcd-x .* does not belong to this stack"):
        await find_firewall(access, "etcd-x")


async def test_a_search_for_a_volume_that_was_never_attached_leaves_it(
    access: ProviderAccess, http: httpx.Client
) -> None:
    http.post("/v2/volumes", json=VOLUME)
    found = await find_blank_volume(access, "etcd-1", "fra1", "etcd data of a")
    assert names(http, "volumes") == ["etcd-1"]
    assert await deleted(found) == ["volume etcd-1"]
    assert names(http, "volumes") == []


async def test_a_volume_that_was_attached_once_is_no_orphan(
    access: ProviderAccess, http: httpx.Client, droplet: Any, lab: Any
) -> None:
    volume = http.post("/v2/volumes", json=VOLUME).json()["volume"]["id"]
    holder = droplet(name="a")["id"]
    for action in ("attach", "detach"):
        http.post(f"/v2/volumes/{volume}/actions", json={"type": action, "droplet_id": holder})
        lab.settle()
    with pytest.raises(NameInUseError, match="may hold a member's data"):
        await find_blank_volume(access, "etcd-1", "fra1", "etcd data of a")


async def test_an_attached_volume_without_an_action_is_no_orphan(
    access: ProviderAccess, http: httpx.Client, droplet: Any
) -> None:
    volume = http.post("/v2/volumes", json=VOLUME).json()["volume"]["id"]
    droplet(name="a", volumes=[volume])
    assert http.get(f"/v2/volumes/{volume}/actions").json()["actions"] == []
    with pytest.raises(NameInUseError, match="may hold a member's data"):
        await find_blank_volume(access, "etcd-1", "fra1", "etcd data of a")


async def test_a_volume_with_another_description_is_no_orphan(
    access: ProviderAccess, http: httpx.Client
) -> None:
    http.post("/v2/volumes", json=VOLUME | {"description": "etcd data of b"})
    with pytest.raises(NameInUseError, match="may hold a member's data"):
        await find_blank_volume(access, "etcd-1", "fra1", "etcd data of a")


@pytest.mark.parametrize(("hours", "orphan"), [(23, True), (25, False)])
async def test_a_volume_is_an_orphan_only_in_its_first_day_by_the_apis_clock(
    access: ProviderAccess, http: httpx.Client, monkeypatch: pytest.MonkeyPatch, hours: int, orphan: bool
) -> None:
    http.post("/v2/volumes", json=VOLUME)
    later = time.time() + timedelta(hours=hours).total_seconds()
    monkeypatch.setattr(search, "answered_at", lambda _: later)
    if orphan:
        assert len(await find_blank_volume(access, "etcd-1", "fra1", "etcd data of a")) == 1
    else:
        with pytest.raises(NameInUseError, match="may hold a member's data"):
            await find_blank_volume(access, "etcd-1", "fra1", "etcd data of a")


async def test_a_volume_of_unknown_age_is_no_orphan(
    access: ProviderAccess, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    http.post("/v2/volumes", json=VOLUME)
    monkeypatch.setattr(search, "answered_at", lambda _: None)
    with pytest.raises(NameInUseError, match="may hold a member's data"):
        await find_blank_volume(access, "etcd-1", "fra1", "etcd data of a")


async def test_a_search_for_the_clusters_record_leaves_it(
    cloudflare_access: ProviderAccess, zone_http: httpx.Client
) -> None:
    zone_http.post("/dns_records", json=RECORD)
    found = await find_records(cloudflare_access, ZONE_ID, "a.example.test", "etcd cluster x")
    assert records(zone_http) == ["a.example.test"]
    assert await deleted(found) == ["record a.example.test"]
    assert records(zone_http) == []


@pytest.mark.parametrize("comment", ["etcd cluster x", None], ids=["a run", "a preview of a new cluster"])
async def test_a_foreign_record_is_named_in_the_error(
    cloudflare_access: ProviderAccess, zone_http: httpx.Client, comment: str | None
) -> None:
    zone_http.post("/dns_records", json=RECORD | {"comment": "by hand"})
    with pytest.raises(NameInUseError, match=r"an A record for a\.example\.test, .* not carry this"):
        await find_records(cloudflare_access, ZONE_ID, "a.example.test", comment)


async def test_no_record_is_an_orphan_while_one_of_the_name_is_foreign(
    cloudflare_access: ProviderAccess, zone_http: httpx.Client
) -> None:
    zone_http.post("/dns_records", json=RECORD)
    zone_http.post("/dns_records", json=RECORD | {"content": "203.0.113.11", "comment": "by hand"})
    with pytest.raises(NameInUseError, match=r"an A record for a\.example\.test, to 203\.0\.113\.11"):
        await find_records(cloudflare_access, ZONE_ID, "a.example.test", "etcd cluster x")
