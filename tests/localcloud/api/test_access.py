"""Tokens and their scopes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from localcloud.api.digitalocean import access
from localcloud.tokens import DISCOVERY_TOKEN
from tests.localcloud.conftest import PATIENCE


@pytest.mark.parametrize("header", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic abc"}])
def test_a_request_without_a_valid_token_is_rejected(lab, header: dict[str, str]) -> None:
    answer = httpx.get(lab.url("digitalocean") + "/v2/droplets", headers=header, timeout=PATIENCE)
    assert (answer.status_code, answer.json()["id"]) == (401, "unauthorized")
    assert answer.json()["message"] == "Unable to authenticate you"
    assert "ratelimit-remaining" in answer.headers


def test_the_discovery_token_reads_droplets_and_tags(
    discovery: httpx.Client, droplet: Callable[..., Any]
) -> None:
    made = droplet(tags=["etcd"])
    (seen,) = discovery.get("/v2/droplets", params={"tag_name": "etcd"}).json()["droplets"]
    assert (seen["name"], seen["networks"], seen["tags"]) == (made["name"], made["networks"], ["etcd"])
    assert discovery.get(f"/v2/droplets/{made['id']}").status_code == 200
    assert discovery.get("/v2/tags/etcd").status_code == 200
    assert [tag["name"] for tag in discovery.get("/v2/tags").json()["tags"]] == ["etcd"]
    actions = discovery.get(f"/v2/droplets/{made['id']}/actions").json()["actions"]
    assert [action["type"] for action in actions] == ["create"]


def test_the_discovery_token_gets_only_fields_of_its_scopes(
    discovery: httpx.Client, droplet: Callable[..., Any]
) -> None:
    seen = discovery.get(f"/v2/droplets/{droplet()['id']}").json()["droplet"]
    assert (seen["image"], seen["vpc_uuid"], seen["volume_ids"]) == ({}, "", [])


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/v2/droplets", "droplet:create"),
        ("DELETE", "/v2/droplets/1001", "droplet:delete"),
        ("DELETE", "/v2/droplets?tag_name=etcd", "droplet:delete"),
        ("POST", "/v2/droplets/1001/actions", "droplet:update"),
        ("POST", "/v2/tags", "tag:create"),
        ("POST", "/v2/tags/etcd/resources", "tag:create"),
        ("DELETE", "/v2/tags/etcd", "tag:delete"),
        ("GET", "/v2/volumes", "block_storage:read"),
        ("POST", "/v2/volumes", "block_storage:create"),
        ("POST", "/v2/volumes/x/actions", "block_storage_action:create"),
        ("GET", "/v2/vpcs", "vpc:read"),
        ("DELETE", "/v2/vpcs/x", "vpc:delete"),
        ("GET", "/v2/firewalls", "firewall:read"),
        ("PUT", "/v2/firewalls/x", "firewall:update"),
        ("GET", "/v2/account", "account:read"),
        ("GET", "/v2/account/keys", "ssh_key:read"),
        ("GET", "/v2/actions", "actions:read"),
        ("GET", "/v2/images", "image:read"),
    ],
)
def test_a_forbidden_request_names_the_missing_scope(
    discovery: httpx.Client, method: str, path: str, scope: str
) -> None:
    body = None if method in {"GET", "DELETE"} else {"name": "x", "type": "power_off"}
    answer = discovery.request(method, path, json=body)
    assert (answer.status_code, answer.json()["id"]) == (403, "forbidden")
    assert scope in answer.json()["message"]


def test_a_listing_by_tag_needs_the_scope_of_tags(
    discovery: httpx.Client, droplet: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    droplet(tags=["etcd"])
    monkeypatch.setitem(access.SCOPES, DISCOVERY_TOKEN, frozenset({"droplet:read"}))
    refused = discovery.get("/v2/droplets", params={"tag_name": "etcd"})
    assert (refused.status_code, refused.json()["id"]) == (403, "forbidden")
    assert "tag:read" in refused.json()["message"]
    (seen,) = discovery.get("/v2/droplets").json()["droplets"]
    assert seen["tags"] == []
