"""What a killed run has left is removed by the program, and nothing else is, driven against the stand-in APIs."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from components.configuration import ProviderAccess
from components.droplet_removal import may_be_repeated, remove_droplet, repeat_shutdown
from components.removal import InTheWayError, remove_blank_volume, remove_named, remove_record
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


async def test_a_vpc_of_ours_is_removed(access: ProviderAccess, http: httpx.Client) -> None:
    http.post("/v2/vpcs", json={"name": "default-fra1", "region": "fra1"})
    body = {"name": "etcd-x", "region": "fra1", "description": "etcd cluster x"}
    assert http.post("/v2/vpcs", json=body).status_code == 201
    assert await remove_named(access, "vpcs", "etcd-x", {"description": "etcd cluster x"}) == ["vpc etcd-x"]
    assert await remove_named(access, "vpcs", "etcd-x", {"description": "etcd cluster x"}) == []


async def test_a_vpc_that_somebody_else_made_is_left_and_named(
    access: ProviderAccess, http: httpx.Client
) -> None:
    http.post("/v2/vpcs", json={"name": "etcd-x", "region": "fra1", "description": "by hand"})
    with pytest.raises(InTheWayError, match="vpcs called etcd-x"):
        await remove_named(access, "vpcs", "etcd-x", {"description": "etcd cluster x"})
    assert [vpc["name"] for vpc in http.get("/v2/vpcs").json()["vpcs"] if vpc["name"] == "etcd-x"] == [
        "etcd-x"
    ]


async def test_a_new_volume_that_was_never_attached_is_removed(
    access: ProviderAccess, http: httpx.Client
) -> None:
    http.post("/v2/volumes", json=VOLUME)
    assert await remove_blank_volume(access, "etcd-1", "fra1", "etcd data of a") == ["volume etcd-1"]
    assert http.get("/v2/volumes").json()["volumes"] == []


async def test_a_volume_that_was_attached_once_may_hold_data_and_is_left(
    access: ProviderAccess, http: httpx.Client, droplet: Any, lab: Any
) -> None:
    volume = http.post("/v2/volumes", json=VOLUME).json()["volume"]["id"]
    holder = droplet(name="a")["id"]
    for action in ("attach", "detach"):
        http.post(f"/v2/volumes/{volume}/actions", json={"type": action, "droplet_id": holder})
        lab.settle()
    with pytest.raises(InTheWayError, match="may hold a member's data"):
        await remove_blank_volume(access, "etcd-1", "fra1", "etcd data of a")
    assert len(http.get("/v2/volumes").json()["volumes"]) == 1


async def test_a_record_of_ours_is_removed_and_another_is_left(
    cloudflare_access: ProviderAccess, zone_http: httpx.Client
) -> None:
    zone_http.post("/dns_records", json=RECORD)
    removed = await remove_record(cloudflare_access, ZONE_ID, "a.example.test", "etcd cluster x")
    assert removed == ["record a.example.test"]
    zone_http.post("/dns_records", json=RECORD | {"comment": "by hand"})
    with pytest.raises(InTheWayError, match=r"another A record for a\.example\.test"):
        await remove_record(cloudflare_access, ZONE_ID, "a.example.test", "etcd cluster x")


async def test_a_droplet_is_shut_down_and_its_volume_is_kept(
    access: ProviderAccess, http: httpx.Client, droplet: Any, lab: Any
) -> None:
    volume = http.post("/v2/volumes", json=VOLUME).json()["volume"]["id"]
    orphan = droplet(name="a", volumes=[volume])["id"]
    await remove_droplet(access, orphan, seconds=20)
    assert http.get(f"/v2/droplets/{orphan}").status_code == 404
    assert http.get(f"/v2/volumes/{volume}").json()["volume"]["droplet_ids"] == []
    await remove_droplet(access, orphan, seconds=20)


async def test_a_shutdown_is_repeated_only_where_one_was_asked_for_since_then(
    access: ProviderAccess, http: httpx.Client, droplet: Any, lab: Any
) -> None:
    asked = droplet(name="a")["id"]
    path = f"/v2/droplets/{asked}/actions"
    began = time.time()
    assert not await repeat_shutdown(access, asked, since=began)
    http.post(path, json={"type": "shutdown"})
    lab.settle()
    assert not await repeat_shutdown(access, asked, since=time.time() + 60)
    assert await repeat_shutdown(access, asked, since=began)
    lab.settle()
    assert [action["type"] for action in http.get(path).json()["actions"]].count("shutdown") == 2
    assert not await repeat_shutdown(access, asked + 1, since=began)


@pytest.mark.parametrize(
    ("others", "repeated"),
    [
        ([], True),
        ([{"type": "snapshot", "status": "in-progress", "started_at": "2026-01-01T00:00:00Z"}], False),
    ],
)
def test_nothing_is_asked_of_a_droplet_that_is_busy(others: list[Any], repeated: bool) -> None:
    shutdown = {"type": "shutdown", "status": "errored", "started_at": "2026-01-01T00:00:00Z"}
    began = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert may_be_repeated([shutdown, *others], began) == repeated
