"""The scopes that the README asks for exist, and are all that the program and its provider need."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest

from components.api.listing import SCOPES
from localcloud.api.digitalocean import access
from localcloud.tokens import DIGITALOCEAN_TOKEN

CHECKOUT = Path(__file__).parents[3]
README = CHECKOUT.joinpath("README.md").read_text(encoding="utf-8")
RECORDINGS = CHECKOUT / "tests/localcloud/plugins/recordings"

CHANGED = ("create", "read", "update", "delete")
ACTIONS = {
    "account": ("read",),
    "actions": ("read",),
    "block_storage": ("create", "read", "delete"),
    "block_storage_action": ("create", "read"),
    "droplet": CHANGED,
    "firewall": CHANGED,
    "image": CHANGED,
    "monitoring": CHANGED,
    "regions": ("read",),
    "sizes": ("read",),
    "ssh_key": CHANGED,
    "tag": ("create", "read", "delete"),
    "vpc": CHANGED,
}
PUBLISHED = {f"{kind}:{action}" for kind, actions in ACTIONS.items() for action in actions}
"""Scopes that exist for what the program uses (https://docs.digitalocean.com/reference/api/scopes/)."""

PROGRAM = [
    "GET /v2/account",
    "GET /v2/droplets",
    "GET /v2/droplets/1/actions",
    "GET /v2/firewalls",
    "GET /v2/images/debian-13-x64",
    "GET /v2/regions",
    "GET /v2/sizes",
    "GET /v2/tags",
    "GET /v2/volumes",
    "GET /v2/volumes/x/actions",
    "GET /v2/vpcs",
    "GET /v2/vpcs/x/members",
    "PUT /v2/vpcs/x",
    "DELETE /v2/firewalls/x",
    "DELETE /v2/tags/x",
    "DELETE /v2/tags/x/resources",
    "DELETE /v2/volumes/x",
    "DELETE /v2/vpcs/x",
    "GET /v2/monitoring/alerts/x",
    "POST /v2/monitoring/alerts",
    "PUT /v2/monitoring/alerts/x",
    "DELETE /v2/monitoring/alerts/x",
]
"""Requests of the program, and those of the provider that were not recorded."""


def readme_scopes() -> set[str]:
    """The scopes in the README's row of the token for Pulumi, such as ``droplet, vpc: create, read``."""
    (row,) = re.findall(r"^ *\| DigitalOcean, for Pulumi \| (.*?) \|", README, re.M)
    scopes: set[str] = set()
    for sentence in row.removesuffix(".").split(". "):
        kinds, _, actions = sentence.replace("With `etcd:alertEmails` also ", "").partition(": ")
        scopes |= {f"{kind}:{action}" for kind in kinds.split(", ") for action in actions.split(", ")}
    return scopes


def requests() -> list[tuple[str, str]]:
    """Method and path of what the official provider sent, and of ``PROGRAM``.

    The SSH key that was recorded is not the program's.
    """
    lines = [
        json.loads(line)
        for file in RECORDINGS.glob("digitalocean-*.http.jsonl")
        for line in file.read_text(encoding="utf-8").splitlines()
        if line
    ]
    recorded = {(line["method"], line["path"].partition("?")[0]) for line in lines}
    others = {(method, path) for method, _, path in (request.partition(" ") for request in PROGRAM)}
    return sorted((recorded | others) - {("POST", "/v2/account/keys")})


def missing_scopes(http: httpx.Client) -> set[str]:
    """The scopes that the local cloud misses."""
    answers = [
        http.request(method, path, json=None if method == "GET" else {}) for method, path in requests()
    ]
    refusals = [answer.json()["message"] for answer in answers if answer.status_code == 403]
    return {scope for text in refusals for scope in re.findall(r"[a-z_]+:[a-z]+", text)}


def test_the_readme_asks_for_scopes_that_exist() -> None:
    assert readme_scopes() <= PUBLISHED
    named = set(re.findall(r"\b([a-z_]+:(?:create|read|update|delete))\b", README))
    assert named == {"droplet:read", "tag:read"}


def test_errors_name_scopes_that_exist() -> None:
    assert {scope for text in SCOPES.values() for scope in text.split(" or ")} <= PUBLISHED


def test_the_readme_asks_for_the_scopes_that_are_needed_and_no_more(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(access.SCOPES, DIGITALOCEAN_TOKEN, frozenset())
    assert missing_scopes(http) == readme_scopes()
    monkeypatch.setitem(access.SCOPES, DIGITALOCEAN_TOKEN, frozenset(readme_scopes()))
    assert missing_scopes(http) == set()
