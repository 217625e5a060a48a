"""Volumes and their actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pydo
import pytest

from localcloud.machines.interface import NoMachines

BODY = {"name": "data-1", "region": "fra1", "size_gigabytes": 10}


@pytest.fixture
def volume(http: httpx.Client) -> dict[str, Any]:
    return http.post(
        "/v2/volumes", json=BODY | {"filesystem_type": "ext4", "filesystem_label": "etcd"}
    ).json()["volume"]


@pytest.fixture
def act(lab, http: httpx.Client) -> Callable[..., httpx.Response]:
    def begin(volume_id: str, **body: Any) -> httpx.Response:
        answer = http.post(f"/v2/volumes/{volume_id}/actions", json=body)
        lab.settle()
        return answer

    return begin


def test_a_volume_is_created_with_its_file_system(volume: dict[str, Any], host: NoMachines) -> None:
    assert ("create_volume", ("data-1", 10, "ext4", "etcd")) in host.calls
    assert (volume["filesystem_type"], volume["filesystem_label"]) == ("ext4", "etcd")
    assert (volume["droplet_ids"], volume["region"]["slug"]) == ([], "fra1")


def test_attached_volumes_are_shown_on_droplet_and_volume(
    volume: dict[str, Any],
    droplet: Callable[..., Any],
    act: Callable[..., httpx.Response],
    digitalocean: pydo.Client,
    host: NoMachines,
) -> None:
    id_ = droplet()["id"]
    answer = act(volume["id"], type="attach", droplet_id=id_, region="fra1")
    assert (answer.status_code, answer.json()["action"]["status"]) == (202, "in-progress")
    assert answer.json()["action"]["type"] == "attach_volume"
    assert digitalocean.actions.get(answer.json()["action"]["id"])["action"]["status"] == "completed"
    assert digitalocean.droplets.get(id_)["droplet"]["volume_ids"] == [volume["id"]]
    assert digitalocean.volumes.get(volume["id"])["volume"]["droplet_ids"] == [id_]
    act(volume["id"], type="detach", droplet_id=id_)
    assert digitalocean.droplets.get(id_)["droplet"]["volume_ids"] == []
    assert digitalocean.volumes.get(volume["id"])["volume"]["droplet_ids"] == []
    assert host.calls[-1] == ("detach_volume", (id_, "data-1"))
    types = [action["type"] for action in digitalocean.volume_actions.list(volume["id"])["actions"]]
    assert types == ["detach_volume", "attach_volume"]


def test_a_volume_is_attached_to_one_droplet_only(
    volume: dict[str, Any],
    droplet: Callable[..., Any],
    act: Callable[..., httpx.Response],
    http: httpx.Client,
) -> None:
    first, second = droplet(name="one", volumes=[volume["id"]])["id"], droplet(name="two")["id"]
    assert act(volume["id"], type="attach", droplet_id=second).status_code == 422
    create = http.post(
        "/v2/droplets",
        json={
            "name": "three",
            "region": "fra1",
            "size": "s-1vcpu-1gb",
            "image": "debian-13-x64",
            "volumes": [volume["id"]],
        },
    )
    assert create.status_code == 422
    assert f"already attached to Droplet {first}" in create.json()["message"]


def test_a_volume_is_attached_in_its_own_region_only(
    volume: dict[str, Any], droplet: Callable[..., Any], act: Callable[..., httpx.Response]
) -> None:
    elsewhere = droplet(region="ams3")["id"]
    answer = act(volume["id"], type="attach", droplet_id=elsewhere)
    assert answer.status_code == 422
    assert "one region" in answer.json()["message"]


def test_an_attached_volume_cannot_be_deleted(
    volume: dict[str, Any],
    droplet: Callable[..., Any],
    act: Callable[..., httpx.Response],
    http: httpx.Client,
) -> None:
    id_ = droplet(volumes=[volume["id"]])["id"]
    answer = http.delete(f"/v2/volumes/{volume['id']}")
    assert (answer.status_code, answer.json()["id"]) == (409, "conflict")
    act(volume["id"], type="detach", droplet_id=id_)
    assert http.delete(f"/v2/volumes/{volume['id']}").status_code == 204
    assert http.get(f"/v2/volumes/{volume['id']}").status_code == 404


def test_detaching_a_volume_that_is_not_attached_is_rejected(
    volume: dict[str, Any], droplet: Callable[..., Any], act: Callable[..., httpx.Response]
) -> None:
    answer = act(volume["id"], type="detach", droplet_id=droplet()["id"])
    assert (answer.status_code, answer.json()["message"]) == (422, "Attachment not found")


def test_a_volume_grows_and_never_shrinks(
    volume: dict[str, Any], act: Callable[..., httpx.Response], http: httpx.Client, host: NoMachines
) -> None:
    assert act(volume["id"], type="resize", size_gigabytes=20, region="fra1").status_code == 202
    assert http.get(f"/v2/volumes/{volume['id']}").json()["volume"]["size_gigabytes"] == 20
    assert ("resize_volume", ("data-1", 20)) in host.calls
    assert act(volume["id"], type="resize", size_gigabytes=10).status_code == 422


def test_volumes_are_found_by_name_and_region(http: httpx.Client, digitalocean: pydo.Client) -> None:
    for name, region in [("data-1", "fra1"), ("data-2", "fra1"), ("data-3", "ams3")]:
        http.post("/v2/volumes", json={"name": name, "region": region, "size_gigabytes": 1})

    def names(**query: str) -> list[str]:
        return [each["name"] for each in digitalocean.volumes.list(**query)["volumes"]]

    assert names() == ["data-1", "data-2", "data-3"]
    assert names(region="fra1") == ["data-1", "data-2"]
    assert names(name="data-3") == ["data-3"]
    assert names(name="data-3", region="fra1") == []
    assert http.delete("/v2/volumes", params={"name": "data-3", "region": "ams3"}).status_code == 204
    assert names() == ["data-1", "data-2"]


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"name": "Data"}, 422),
        ({"region": "xyz1"}, 422),
        ({"size_gigabytes": 0}, 422),
        ({"filesystem_type": "zfs"}, 422),
        ({"filesystem_type": "ext4", "filesystem_label": "x" * 17}, 422),
        ({"name": "taken"}, 409),
    ],
)
def test_an_invalid_volume_is_rejected(http: httpx.Client, wanted: dict[str, Any], status: int) -> None:
    http.post("/v2/volumes", json=BODY | {"name": "taken"})
    assert http.post("/v2/volumes", json=BODY | wanted).status_code == status
