"""Two accounts share machines and a network. None sees what the other one has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Network
from typing import Any

import httpx
import pytest

from localcloud.api.accounts import FIRST, SECOND
from localcloud.api.metadata import droplet_at
from localcloud.api.model import Droplet
from localcloud.machines.interface import NoMachines
from localcloud.tokens import (
    CLOUDFLARE_TOKEN,
    SECOND_CLOUDFLARE_TOKEN,
    SECOND_DIGITALOCEAN_TOKEN,
    SECOND_DISCOVERY_TOKEN,
)
from tests.localcloud.conftest import PATIENCE, Lab

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl someone@example.test"
RULE = {"protocol": "tcp", "ports": "2379", "sources": {"tags": ["etcd"]}}
DROPLET = {
    "name": "web-1",
    "region": "fra1",
    "size": "s-1vcpu-1gb",
    "image": "debian-13-x64",
    "tags": ["etcd"],
}
CREATED: dict[str, dict[str, Any]] = {
    "/v2/droplets": DROPLET,
    "/v2/volumes": {"name": "data-1", "region": "fra1", "size_gigabytes": 1, "tags": ["etcd"]},
    "/v2/vpcs": {"name": "net-1", "region": "fra1"},
    "/v2/firewalls": {"name": "etcd", "tags": ["etcd"], "inbound_rules": [RULE]},
    "/v2/account/keys": {"name": "someone", "public_key": KEY},
}


@pytest.fixture
def second(lab: Lab) -> Iterator[httpx.Client]:
    """A client of the second account's DigitalOcean API, with full access."""
    with lab.client("digitalocean", SECOND_DIGITALOCEAN_TOKEN) as client:
        yield client


@pytest.fixture
def second_zone(lab: Lab) -> Iterator[httpx.Client]:
    """A client of the records in the second account's zone."""
    with lab.client("cloudflare", SECOND_CLOUDFLARE_TOKEN, f"/client/v4/zones/{SECOND.zone_id}") as client:
        yield client


def create(client: httpx.Client, path: str, **changes: Any) -> dict[str, Any]:
    answer = client.post(path, json=CREATED.get(path, {}) | changes)
    assert answer.is_success, answer.text
    (made,) = [body for name, body in answer.json().items() if name != "links"]
    return made


def applied(host: NoMachines, call: str) -> Any:
    """What the machine host was last asked to apply."""
    return [asked for name, asked in host.calls if name == call][-1]


@pytest.mark.parametrize("path", [*CREATED])
def test_one_account_does_not_see_what_the_other_created(
    http: httpx.Client, second: httpx.Client, path: str
) -> None:
    for client in (http, second):
        assert client.post("/v2/tags", json={"name": "etcd"}).status_code == 201
    before = second.get(path).json()
    made = create(http, path)
    assert second.get(path).json() == before
    assert second.get(f"{path}/{made['id']}").status_code == 404
    assert second.delete(f"{path}/{made['id']}").status_code == 404
    assert http.get(f"{path}/{made['id']}").status_code == 200


def test_a_tag_belongs_to_one_account(http: httpx.Client, second: httpx.Client) -> None:
    assert http.post("/v2/tags", json={"name": "etcd"}).status_code == 201
    assert second.get("/v2/tags/etcd").status_code == 404
    assert second.get("/v2/tags").json()["tags"] == []


def test_actions_belong_to_the_account_of_their_droplet(
    lab: Lab, droplet: Callable[..., Any], second: httpx.Client
) -> None:
    droplet()
    assert second.get("/v2/actions").json()["actions"] == []
    create(second, "/v2/droplets")
    lab.settle()
    assert [action["type"] for action in second.get("/v2/actions").json()["actions"]] == ["create"]


def test_accounts_have_names_of_their_own(http: httpx.Client, second: httpx.Client) -> None:
    seen = [client.get("/v2/account").json()["account"] for client in (http, second)]
    assert [one["uuid"] for one in seen] == [FIRST.uuid, SECOND.uuid]
    assert [one["email"] for one in seen] == [FIRST.email, SECOND.email]


def test_the_second_discovery_token_reads_its_own_account(
    lab: Lab, droplet: Callable[..., Any], second: httpx.Client
) -> None:
    droplet(tags=["etcd"])
    create(second, "/v2/droplets", name="web-2")
    with lab.client("digitalocean", SECOND_DISCOVERY_TOKEN) as reader:
        listed = reader.get("/v2/droplets", params={"tag_name": "etcd"}).json()["droplets"]
        assert [one["name"] for one in listed] == ["web-2"]
        assert reader.post("/v2/droplets", json=DROPLET).status_code == 403


def test_droplets_of_both_accounts_share_the_machine_host(
    lab: Lab, host: NoMachines, http: httpx.Client, second: httpx.Client
) -> None:
    made = [create(client, "/v2/droplets") for client in (http, second)]
    lab.settle()
    assert host.on == {one["id"] for one in made}
    seen = [
        client.get(f"/v2/droplets/{one['id']}").json()["droplet"]
        for client, one in zip((http, second), made, strict=True)
    ]
    addresses = [one["ip_address"] for each in seen for one in each["networks"]["v4"]]
    assert len(set(addresses)) == 4
    assert [one["status"] for one in seen] == ["active", "active"]


def test_the_metadata_service_knows_droplets_of_both_accounts(
    lab: Lab, droplet: Callable[..., Any], second: httpx.Client
) -> None:
    made = [droplet()["id"], create(second, "/v2/droplets", name="web-2")["id"]]
    lab.settle()
    cloud = lab.services.cloud
    known = [droplet_at(cloud, str(one.public.ip)) for one in cloud.store.everywhere(Droplet)]
    assert [one.id for one in known if one] == made


def test_networks_of_both_accounts_do_not_overlap(http: httpx.Client, second: httpx.Client) -> None:
    mine, theirs = (IPv4Network(create(client, "/v2/vpcs")["ip_range"]) for client in (http, second))
    assert not mine.overlaps(theirs)


def test_a_firewall_affects_only_droplets_of_its_account(
    lab: Lab, host: NoMachines, droplet: Callable[..., Any], second: httpx.Client
) -> None:
    droplet(tags=["etcd"])
    create(second, "/v2/droplets", name="web-2")
    lab.settle()
    create(second, "/v2/firewalls")
    (made,) = applied(host, "apply_filters")
    (theirs,) = second.get("/v2/droplets").json()["droplets"]
    own = {one["ip_address"] for one in theirs["networks"]["v4"]}
    assert {str(address.ip) for address in made.addresses} == own
    assert {str(network.network_address) for network in made.inbound[0].networks} == own


def test_a_firewall_of_the_first_account_stays_when_the_second_adds_one(
    lab: Lab, host: NoMachines, http: httpx.Client, droplet: Callable[..., Any], second: httpx.Client
) -> None:
    droplet(tags=["etcd"])
    create(http, "/v2/firewalls")
    create(second, "/v2/droplets", name="web-2")
    lab.settle()
    create(second, "/v2/firewalls")
    assert len(applied(host, "apply_filters")) == 2


def test_a_volumes_name_is_free_in_one_account_alone(http: httpx.Client, second: httpx.Client) -> None:
    create(http, "/v2/volumes")
    refused = second.post("/v2/volumes", json=CREATED["/v2/volumes"] | {"tags": []})
    assert (refused.status_code, refused.json()["message"]) == (
        422,
        "another account of the local cloud has a volume 'data-1': use another name",
    )


def test_each_cloudflare_token_sees_the_zone_of_its_account(lab: Lab) -> None:
    for token, account in ((CLOUDFLARE_TOKEN, FIRST), (SECOND_CLOUDFLARE_TOKEN, SECOND)):
        base = f"{lab.url('cloudflare')}/client/v4/zones"
        with lab.client("cloudflare", token) as client:
            (zone,) = client.get(base).json()["result"]
            assert (zone["name"], zone["id"]) == (account.zone, account.zone_id)
            assert zone["account"]["id"] == account.cloudflare
            (other,) = {FIRST.zone_id, SECOND.zone_id} - {account.zone_id}
            assert client.get(f"{base}/{other}").status_code == 404
            assert client.get(f"{base}/{other}/dns_records").status_code == 404


def test_the_name_server_has_the_records_of_both_accounts(
    host: NoMachines, zone_http: httpx.Client, second_zone: httpx.Client
) -> None:
    zone_http.post("/dns_records", json={"type": "A", "name": "a", "content": "203.0.113.10"})
    second_zone.post("/dns_records", json={"type": "A", "name": "a", "content": "203.0.113.11"})
    assert [one["name"] for one in second_zone.get("/dns_records").json()["result"]] == ["a.second.test"]
    served = {"a.example.test": ["203.0.113.10"], "a.second.test": ["203.0.113.11"]}
    assert applied(host, "apply_records") == served


def test_requests_are_recorded_with_their_account(
    lab: Lab, http: httpx.Client, second: httpx.Client, second_zone: httpx.Client, control: httpx.Client
) -> None:
    http.get("/v2/droplets")
    second.get("/v2/droplets")
    second_zone.get("/dns_records")
    httpx.get(
        lab.url("digitalocean") + "/v2/account", headers={"authorization": "Bearer stolen"}, timeout=PATIENCE
    )
    seen = control.get("/requests").json()["requests"]
    assert [(one["account"], one["token"]) for one in seen] == [
        ("first", "admin"),
        ("second", "second-admin"),
        ("second", "second-cloudflare"),
        ("", "unknown"),
    ]


def test_a_restart_powers_on_the_droplets_of_both_accounts(
    lab: Lab, host: NoMachines, droplet: Callable[..., Any], second: httpx.Client
) -> None:
    mine = droplet()["id"]
    theirs = create(second, "/v2/droplets")["id"]
    lab.settle()
    host.on.clear()
    lab.restart()
    assert host.on == {mine, theirs}


def test_a_droplet_of_the_second_account_that_goes_off_is_seen(
    lab: Lab, host: NoMachines, second: httpx.Client, eventually: Callable[..., None]
) -> None:
    lab.stop()
    lab.watch_seconds = 0.05
    lab.start()
    url = lab.url("digitalocean")
    made = create(httpx.Client(base_url=url, headers=second.headers, timeout=PATIENCE), "/v2/droplets")["id"]
    lab.settle()
    host.on.clear()
    eventually(
        lambda: (
            httpx.get(f"{url}/v2/droplets/{made}", headers=second.headers, timeout=PATIENCE).json()[
                "droplet"
            ]["status"]
            == "off"
        )
    )


def test_features_of_a_droplet_of_the_second_account_can_be_changed(
    lab: Lab, second: httpx.Client, control: httpx.Client
) -> None:
    made = create(second, "/v2/droplets")["id"]
    lab.settle()
    assert control.put(f"/droplets/{made}/features", json=["monitoring"]).status_code == 200
    assert second.get(f"/v2/droplets/{made}").json()["droplet"]["features"] == ["monitoring"]
