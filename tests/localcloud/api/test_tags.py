"""Tags and their resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pydo


def test_a_tag_can_be_created_again(digitalocean: pydo.Client) -> None:
    assert digitalocean.tags.create({"name": "etcd"})["tag"]["resources"]["count"] == 0
    assert digitalocean.tags.create({"name": "etcd"})["tag"]["name"] == "etcd"
    assert [tag["name"] for tag in digitalocean.tags.list()["tags"]] == ["etcd"]


def test_the_first_capitalisation_of_a_tag_is_kept(
    digitalocean: pydo.Client, droplet: Callable[..., Any]
) -> None:
    digitalocean.tags.create({"name": "PROD"})
    assert droplet(tags=["prod"])["tags"] == ["PROD"]


def test_a_new_droplets_tags_are_created_and_counted(
    digitalocean: pydo.Client, droplet: Callable[..., Any]
) -> None:
    made = droplet(tags=["etcd", "blue"])
    tag = digitalocean.tags.get("blue")["tag"]
    assert tag["resources"]["droplets"]["count"] == 1
    assert tag["resources"]["last_tagged_uri"].endswith(f"/v2/droplets/{made['id']}")


def test_resources_are_tagged_and_untagged(digitalocean: pydo.Client, droplet: Callable[..., Any]) -> None:
    made = droplet()
    digitalocean.tags.create({"name": "blue"})
    body = {"resources": [{"resource_id": str(made["id"]), "resource_type": "droplet"}]}
    digitalocean.tags.assign_resources("blue", body)
    assert digitalocean.droplets.get(made["id"])["droplet"]["tags"] == ["blue"]
    digitalocean.tags.unassign_resources("blue", body)
    assert digitalocean.droplets.get(made["id"])["droplet"]["tags"] == []


def test_deleting_a_tag_untags_its_resources(
    digitalocean: pydo.Client, droplet: Callable[..., Any], http: httpx.Client
) -> None:
    made = droplet(tags=["blue", "etcd"])
    digitalocean.tags.delete("blue")
    assert digitalocean.droplets.get(made["id"])["droplet"]["tags"] == ["etcd"]
    assert http.get("/v2/tags/blue").status_code == 404


def test_an_invalid_tag_name_is_a_bad_request(http: httpx.Client) -> None:
    answer = http.post("/v2/tags", json={"name": "not good"})
    assert answer.status_code == 400
    assert "invalid characters" in answer.json()["error"]


def test_tagging_a_missing_resource_is_not_found(http: httpx.Client) -> None:
    http.post("/v2/tags", json={"name": "blue"})
    body = {"resources": [{"resource_id": "99", "resource_type": "droplet"}]}
    assert http.post("/v2/tags/blue/resources", json=body).status_code == 404
    assert http.post("/v2/tags/red/resources", json=body).status_code == 404
