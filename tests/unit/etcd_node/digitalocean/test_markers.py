"""Markers among the account's tags, and shutdown requests among a droplet's actions."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from etcd_node.digitalocean.api import ListingError
from etcd_node.digitalocean.markers import own_droplet, read_markers, shutdown_was_requested
from etcd_node.host.settings import Settings

from components.shared.markers import Markers

SETTINGS = Settings(
    name="etcd-server-2.example.test",
    token="token",
    initial_members=(),
    tag="etcd-etcd-fra1",
    addresses="public",
    api_url="https://api.test",
    version="",
    release_url="",
    release_sha256="",
    volume="",
    heartbeat_ms=100,
    election_ms=1000,
    quota_bytes=0,
    compaction_mode="",
    compaction_retention="",
)


class Pages:
    """Answers each page with one of the bodies."""

    def __init__(self, *bodies: dict[str, Any]) -> None:
        self.bodies = bodies
        self.paths: list[str] = []

    def __call__(self, url: str, headers: Mapping[str, str]) -> bytes:
        self.paths.append(urlsplit(url).path)
        number = int(parse_qs(urlsplit(url).query)["page"][0])
        links = {"pages": {"next": "https://elsewhere"}} if number < len(self.bodies) else {}
        return json.dumps({"links": links, **self.bodies[number - 1]}).encode()


def tags(*names: str, total: int | None = None) -> dict[str, Any]:
    return {
        "tags": [{"name": name} for name in names],
        "meta": {"total": len(names) if total is None else total},
    }


def test_the_clusters_own_markers_are_found_on_every_page() -> None:
    pages = Pages(
        tags("etcd", "etcd-etcd-fra1", "etcd-etcd-fra1-up", "ETCD-etcd-fra1-size-3", total=5),
        tags("etcd-etcd-fra1-all-at-once", total=5),
    )
    assert read_markers(SETTINGS, "secret", fetch=pages) == Markers(up=True, size=3, all_at_once=True)
    assert pages.paths == ["/v2/tags", "/v2/tags"]


def test_markers_of_other_clusters_are_ignored() -> None:
    pages = Pages(
        tags(
            "etcd-etcd-fra10-size-3",
            "etcd-etcd-fra10-up",
            "etcd-etcd-fra1-size-x",
            "my-etcd-etcd-fra1-size-3",
            "etcd-size-3",
        )
    )
    assert read_markers(SETTINGS, "secret", fetch=pages) == Markers(up=False, size=None, all_at_once=False)


class Account(Pages):
    """An account whose listing of tags is not complete. ``tags`` exist, but are not listed."""

    def __init__(self, *bodies: dict[str, Any], tags: Collection[str] = ()) -> None:
        super().__init__(*bodies)
        self.tags = {tag.casefold() for tag in tags}

    def __call__(self, url: str, headers: Mapping[str, str]) -> bytes:
        path = urlsplit(url).path
        if path == "/v2/tags":
            return super().__call__(url, headers)
        self.paths.append(path)
        name = path.removeprefix("/v2/tags/")
        if name.casefold() not in self.tags:
            raise ListingError("the DigitalOcean API answers 404", missing=True)
        return json.dumps({"tag": {"name": name, "resources": {"count": 0}}}).encode()


@pytest.mark.parametrize(
    "second",
    [tags("c", total=3), tags("b", "c", total=4)],
    ids=["one was deleted", "one is listed twice"],
)
def test_markers_that_an_inconsistent_listing_lacks_are_asked_for(second: dict[str, Any]) -> None:
    unlisted = ["ETCD-etcd-fra1-up", "etcd-etcd-fra1-size-5"]
    account = Account(tags("a", "b", total=4), second, tags=unlisted)
    assert read_markers(SETTINGS, "secret", fetch=account) == Markers(up=True, size=5, all_at_once=False)


def test_a_total_that_counts_something_else_does_not_hide_the_markers() -> None:
    names = ("etcd-etcd-fra1-up", "etcd-etcd-fra1-size-3", "etcd-etcd-fra1-all-at-once")
    account = Account(tags(*names, total=17))
    assert read_markers(SETTINGS, "secret", fetch=account) == Markers(up=True, size=3, all_at_once=True)
    assert account.paths == ["/v2/tags"]


def test_a_tag_that_the_api_does_not_know_does_not_exist() -> None:
    account = Account(tags("a", total=2))
    assert read_markers(SETTINGS, "secret", fetch=account) == Markers(up=False, size=None, all_at_once=False)
    assert "/v2/tags/etcd-etcd-fra1-up" in account.paths


def test_a_failed_request_for_one_tag_proves_nothing() -> None:
    def fetch(url: str, headers: Mapping[str, str]) -> bytes:
        if urlsplit(url).path == "/v2/tags":
            return Pages(tags("a", total=2))(url, headers)
        raise ListingError("a server in front of the DigitalOcean API answers 404")

    with pytest.raises(ListingError, match="in front of"):
        read_markers(SETTINGS, "secret", fetch=fetch)


@pytest.mark.parametrize("body", [{}, {"tags": None}, {"tags": [{}]}, {"tags": []}])
def test_an_answer_without_valid_tags_is_an_error(body: dict[str, Any]) -> None:
    with pytest.raises(ListingError, match="without valid tags"):
        read_markers(SETTINGS, "secret", fetch=Pages(body))


def test_the_own_droplet_has_an_address_of_this_machine() -> None:
    droplets = [
        {
            "id": number,
            "name": SETTINGS.name,
            "networks": {"v4": [{"type": "public", "ip_address": f"192.0.2.{number}"}]},
        }
        for number in (7, 8)
    ]
    pages = Pages({"droplets": droplets})
    assert own_droplet(SETTINGS, "secret", lambda address: address == "192.0.2.8", fetch=pages) == 8
    with pytest.raises(ListingError, match="no droplet etcd-server-2"):
        own_droplet(SETTINGS, "secret", lambda address: False, fetch=pages)


def action(kind: str, at: float) -> dict[str, Any]:
    return {"type": kind, "started_at": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


@pytest.mark.parametrize(
    ("actions", "requested"),
    [
        ([action("shutdown", 990)], True),
        ([action("rename", 1200), action("shutdown", 1000)], True),
        ([action("shutdown", 989)], False),
        ([action("reboot", 1000)], False),
        ([], False),
    ],
)
def test_only_a_recent_shutdown_is_a_shutdown_request(actions: list[dict[str, Any]], requested: bool) -> None:
    pages = Pages({"actions": actions})
    assert shutdown_was_requested(SETTINGS, "secret", 17, 1000, fetch=pages) is requested
    assert pages.paths == ["/v2/droplets/17/actions"]
