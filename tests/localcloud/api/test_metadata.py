"""The metadata service: a droplet gets its own metadata, and other addresses get none."""

from __future__ import annotations

from ipaddress import IPv4Interface

import httpx
import pytest

from localcloud.api.cloud import Cloud
from localcloud.api.metadata import metadata_app
from localcloud.api.model import Droplet
from localcloud.api.store import Store
from localcloud.machines.interface import NoMachines


def droplet(number: int) -> Droplet:
    return Droplet(
        id=1000 + number,
        name=f"web-{number}.example.test",
        region="fra1",
        size="s-1vcpu-1gb",
        disk_gib=25,
        image="debian-13-x64",
        features=[],
        user_data=f"#cloud-config\n# {number}\n",
        ssh_keys=["ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"],
        tags=["etcd"],
        vpc="x",
        public=IPv4Interface(f"203.0.113.{9 + number}/24"),
        private=IPv4Interface(f"10.114.0.{1 + number}/20"),
    )


@pytest.fixture
def cloud() -> Cloud:
    cloud = Cloud(Store(), NoMachines())
    cloud.store.put(droplet(1))
    cloud.store.put(droplet(2))
    return cloud


async def ask(cloud: Cloud, address: str, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(metadata_app(cloud), client=(address, 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://169.254.169.254") as client:
        return await client.get(path)


@pytest.mark.parametrize("address", ["203.0.113.11", "10.114.0.3"])
async def test_a_droplet_is_identified_by_each_of_its_addresses(cloud: Cloud, address: str) -> None:
    assert (await ask(cloud, address, "/metadata/v1/id")).text == "1002"
    assert (await ask(cloud, address, "/metadata/v1/user-data")).text == "#cloud-config\n# 2\n"


@pytest.mark.parametrize("address", ["203.0.113.1", "203.0.113.99", "127.0.0.1", "198.51.100.10"])
@pytest.mark.parametrize("path", ["/metadata/v1/user-data", "/metadata/v1.json", "/metadata/v1/"])
async def test_other_addresses_get_no_metadata(cloud: Cloud, address: str, path: str) -> None:
    assert (await ask(cloud, address, path)).status_code == 404


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("hostname", "web-1.example.test"),
        ("region", "fra1"),
        ("tags", "etcd"),
        ("public-keys", "ssh-ed25519 AAAA one\nssh-ed25519 BBBB two"),
        ("interfaces/", "public/\nprivate/"),
        ("interfaces/public/", "0/"),
        ("interfaces/public/0/type", "public"),
        ("interfaces/public/0/ipv4/address", None),
        ("interfaces/public/0/ipv4/ip_address", "203.0.113.10"),
        ("interfaces/private/0/ipv4/netmask", "255.255.240.0"),
        ("dns/nameservers", "203.0.113.1"),
        ("nothing", None),
    ],
)
async def test_every_field_has_a_path(cloud: Cloud, path: str, text: str | None) -> None:
    answer = await ask(cloud, "203.0.113.10", f"/metadata/v1/{path}")
    assert (answer.text if answer.status_code == 200 else None) == text


async def test_the_index_lists_files_and_folders(cloud: Cloud) -> None:
    lines = (await ask(cloud, "203.0.113.10", "/metadata/v1/")).text.splitlines()
    assert {"id", "hostname", "user-data", "public-keys", "region", "interfaces/", "dns/", "tags"} <= set(
        lines
    )


async def test_the_json_document_has_all_fields(cloud: Cloud) -> None:
    facts = (await ask(cloud, "203.0.113.10", "/metadata/v1.json")).json()
    assert (facts["droplet_id"], facts["hostname"], facts["user_data"]) == (
        1001,
        "web-1.example.test",
        "#cloud-config\n# 1\n",
    )
    assert facts["interfaces"]["public"][0]["ipv4"] == {
        "ip_address": "203.0.113.10",
        "netmask": "255.255.255.0",
        "gateway": "203.0.113.1",
    }
