"""The stack takes over a DNS record with the wanted content; tested with the stand-in API."""

from __future__ import annotations

from typing import Any

import httpx
import pulumi
import pytest

from components.config.loading import ProviderAccess
from components.identity.stack_state import StackState, stack_state
from components.orphans import hooks
from components.orphans.existing_record import adapt_record, find_record
from components.orphans.hooks import Orphans
from localcloud.tokens import CLOUDFLARE_TOKEN
from tests.localcloud.conftest import ZONE_ID
from tests.unit.components.config.valid_settings import settings

NAME = "a.example.test"
BY_HAND = {"type": "A", "name": NAME, "content": "203.0.113.10", "ttl": 300, "comment": "by hand"}
WANTED = {"comment": "etcd cluster x", "ttl": 60, "proxied": False}


@pytest.fixture
def access(lab: Any) -> ProviderAccess:
    return ProviderAccess(lab.url("cloudflare") + "/client/v4", CLOUDFLARE_TOKEN)


def comments(zone_http: httpx.Client) -> list[str]:
    return [one["comment"] for one in zone_http.get("/dns_records").json()["result"]]


async def test_a_record_with_the_wanted_content_is_found_and_adapted(
    access: ProviderAccess, zone_http: httpx.Client
) -> None:
    made = zone_http.post("/dns_records", json=BY_HAND).json()["result"]["id"]
    assert await find_record(access, ZONE_ID, NAME, "203.0.113.11") is None
    found = await find_record(access, ZONE_ID, NAME, "203.0.113.10")
    assert found is not None
    assert found["id"] == made
    assert comments(zone_http) == ["by hand"]
    await adapt_record(access, ZONE_ID, found, WANTED)
    assert comments(zone_http) == ["etcd cluster x"]


@pytest.mark.parametrize(
    ("preview", "comment"), [(True, "by hand"), (False, "etcd cluster x")], ids=["preview", "run"]
)
async def test_a_preview_takes_a_record_over_without_a_change_of_it(
    access: ProviderAccess,
    zone_http: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    preview: bool,
    comment: str,
) -> None:
    monkeypatch.setattr(hooks, "resource_hook", lambda _, act, **__: act)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: preview)
    made = zone_http.post("/dns_records", json=BY_HAND).json()["result"]["id"]
    state: pulumi.Output[StackState] = pulumi.Output.from_input(stack_state({}, "etcd-x"))
    orphans = Orphans(
        settings().model_copy(update={"domain": "example.test"}),
        cluster="etcd-x",
        identity=pulumi.Output.from_input("x"),
        stack=state,
        zone_id=pulumi.Output.from_input(ZONE_ID),
        access=access,
        cloudflare=access,
    )
    (transform,) = orphans.kept_record(pulumi.ResourceOptions(), "etcd-x-1", NAME).transforms or ()
    props = {**WANTED, "name": NAME, "content": "203.0.113.10"}
    kind = "cloudflare:index/dnsRecord:DnsRecord"
    args = pulumi.ResourceTransformArgs(True, kind, "etcd-x-1", props, pulumi.ResourceOptions())
    result = await transform(args)
    assert result.opts.import_ == f"{ZONE_ID}/{made}"
    assert comments(zone_http) == [comment]
