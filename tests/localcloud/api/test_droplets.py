"""Creating, listing and deleting droplets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pydo
import pytest

from localcloud.api.cloud import Limits
from localcloud.machines.interface import Machine, NoMachines

BODY = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA op"


@pytest.fixture
def limits() -> Limits:
    return Limits(droplets=12)


def refusal(http: httpx.Client, **wanted: Any) -> str:
    answer = http.post("/v2/droplets", json=BODY | wanted)
    assert answer.status_code == 422
    assert answer.json()["id"] == "unprocessable_entity"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    return answer.json()["message"]


def test_a_droplet_is_new_locked_and_without_addresses_until_active(lab, digitalocean: pydo.Client) -> None:
    made = digitalocean.droplets.create(BODY)
    assert (made["droplet"]["status"], made["droplet"]["locked"]) == ("new", True)
    assert made["droplet"]["networks"] == {"v4": [], "v6": []}
    lab.settle()
    droplet = digitalocean.droplets.get(made["droplet"]["id"])["droplet"]
    assert (droplet["status"], droplet["locked"]) == ("active", False)
    assert {each["type"] for each in droplet["networks"]["v4"]} == {"public", "private"}
    action = digitalocean.actions.get(made["links"]["actions"][0]["id"])["action"]
    assert (action["type"], action["status"], action["resource_id"]) == ("create", "completed", droplet["id"])


def test_the_machine_gets_the_submitted_data(
    digitalocean: pydo.Client, droplet: Callable[..., Any], host: NoMachines
) -> None:
    key = digitalocean.ssh_keys.create({"name": "op", "public_key": KEY})["ssh_key"]
    volume = digitalocean.volumes.create({"name": "data-1", "region": "fra1", "size_gigabytes": 10})["volume"]
    made = droplet(
        name="etcd-server-1.example.test",
        size="s-2vcpu-4gb",
        user_data="#cloud-config\n",
        ssh_keys=[key["id"]],
        volumes=[volume["id"]],
    )
    (machine,) = [asked for call, asked in host.calls if call == "power_on"]
    assert isinstance(machine, Machine)
    assert (machine.id, machine.name, machine.user_data) == (made["id"], made["name"], "#cloud-config\n")
    assert (machine.ssh_keys, machine.volumes) == ((KEY,), ("data-1",))
    assert (machine.memory_mib, machine.vcpus) == (4096, 2)
    assert {str(machine.public.ip), str(machine.private.ip)} == {
        each["ip_address"] for each in made["networks"]["v4"]
    }


def test_volumes_can_be_given_as_objects_like_the_go_client_does(
    digitalocean: pydo.Client, droplet: Callable[..., Any]
) -> None:
    volume = digitalocean.volumes.create({"name": "data-1", "region": "fra1", "size_gigabytes": 10})["volume"]
    assert droplet(volumes=[{"id": volume["id"]}])["volume_ids"] == [volume["id"]]


def test_several_droplets_can_be_created_at_once(lab, digitalocean: pydo.Client) -> None:
    body = {**BODY, "names": ["web-1", "web-2", "web-3"]}
    del body["name"]
    made = digitalocean.droplets.create(body)
    assert [each["name"] for each in made["droplets"]] == ["web-1", "web-2", "web-3"]
    assert len(made["links"]["actions"]) == 3
    lab.settle()
    addresses = [each["networks"]["v4"][0]["ip_address"] for each in digitalocean.droplets.list()["droplets"]]
    assert len(set(addresses)) == 3


def test_a_droplet_shows_the_requested_features(droplet: Callable[..., Any]) -> None:
    assert set(droplet(monitoring=True)["features"]) == {"droplet_agent", "monitoring", "private_networking"}
    assert set(droplet(with_droplet_agent=False)["features"]) == {"private_networking"}


def test_a_listing_can_be_filtered_by_tag_and_by_name(
    digitalocean: pydo.Client, droplet: Callable[..., Any]
) -> None:
    droplet(name="one", tags=["etcd", "blue"])
    droplet(name="two", tags=["etcd"])
    droplet(name="three")

    def names(**query: str) -> list[str]:
        return [each["name"] for each in digitalocean.droplets.list(**query)["droplets"]]

    assert names() == ["one", "two", "three"]
    assert names(tag_name="etcd") == ["one", "two"]
    assert names(tag_name="nothing") == []
    assert names(name="three") == ["three"]


def test_a_replaced_droplet_gets_another_address(
    lab, digitalocean: pydo.Client, droplet: Callable[..., Any]
) -> None:
    first = droplet()
    digitalocean.droplets.destroy(first["id"])
    lab.settle()
    assert droplet()["networks"] != first["networks"]


def test_a_deleted_droplets_volumes_are_kept(
    lab, digitalocean: pydo.Client, droplet: Callable[..., Any], http: httpx.Client, host: NoMachines
) -> None:
    volume = digitalocean.volumes.create({"name": "data-1", "region": "fra1", "size_gigabytes": 10})["volume"]
    made = droplet(volumes=[volume["id"]])
    assert http.delete(f"/v2/droplets/{made['id']}").status_code == 204
    lab.settle()
    assert http.get(f"/v2/droplets/{made['id']}").status_code == 404
    assert digitalocean.volumes.get(volume["id"])["volume"]["droplet_ids"] == []
    assert ("delete", made["id"]) in host.calls
    assert host.on == set()


def test_deleting_by_tag_deletes_only_droplets_with_the_tag(
    lab, digitalocean: pydo.Client, droplet: Callable[..., Any]
) -> None:
    droplet(name="one", tags=["etcd"])
    droplet(name="two")
    digitalocean.droplets.destroy_by_tag(tag_name="etcd")
    lab.settle()
    assert [each["name"] for each in digitalocean.droplets.list()["droplets"]] == ["two"]


def test_a_missing_droplet_is_not_found(http: httpx.Client) -> None:
    for path in ("/v2/droplets/99", "/v2/droplets/no-number", "/v2/nothing"):
        answer = http.get(path)
        assert (answer.status_code, answer.json()["id"]) == (404, "not_found")
        assert answer.json()["message"] == "The resource you were accessing could not be found."


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"size": "s-bad"}, "You specified an invalid size for Droplet creation."),
        ({"size": "so1_5-2vcpu-16gb", "region": "tor1"}, "Size is not available in this region."),
        ({"region": "xyz1"}, "You specified an invalid region for Droplet creation."),
        ({"image": "plan9-x64"}, "You specified an invalid image for Droplet creation."),
        (
            {"image": "debian-12-x64"},
            "image debian-12-x64 does not boot in the local cloud: use debian-13-x64",
        ),
        (
            {"image": "docker-20-04", "size": "s-1vcpu-512mb-10gb"},
            "This size is not available because it has a smaller disk.",
        ),
        ({"name": "under_score"}, "Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)"),
        ({"ssh_keys": [17, "aa:bb"]}, "17, aa:bb are invalid key identifiers for Droplet creation."),
        ({"size": None}, "size: Input should be a valid string"),
    ],
)
def test_an_invalid_droplet_is_rejected_with_the_reason(
    http: httpx.Client, wanted: dict[str, Any], message: str
) -> None:
    assert refusal(http, **wanted) == message


def test_user_data_is_limited_to_64_kib(http: httpx.Client) -> None:
    assert "65536" in refusal(http, user_data="é" * 32768 + "x")
    assert http.post("/v2/droplets", json=BODY | {"user_data": "é" * 32768}).status_code == 202


def test_a_request_above_the_droplet_limit_creates_no_droplet(http: httpx.Client) -> None:
    assert http.get("/v2/account").json()["account"]["droplet_limit"] == 12
    names = [f"web-{number}" for number in range(10)]
    assert http.post("/v2/droplets", json=BODY | {"names": names}).status_code == 202
    message = "creating this/these droplet(s) will exceed your droplet limit"
    assert refusal(http, names=["a", "b", "c"]) == message
    assert http.get("/v2/droplets").json()["meta"]["total"] == 10


def test_a_rejected_droplet_creates_no_tags(http: httpx.Client) -> None:
    assert "invalid characters" in refusal(http, tags=["good", "not good"])
    assert http.get("/v2/tags").json()["tags"] == []


def test_a_body_that_is_not_json_is_a_bad_request(http: httpx.Client) -> None:
    answer = http.post("/v2/droplets", content=b"{", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["id"]) == (400, "bad_request")
