"""DNS records and their zone are requested as Cloudflare's own package requests them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_cloudflare
import pytest
from google.protobuf import json_format
from pulumi.runtime import mocks as pulumi_mocks

from components.infra import dns
from tests.component.conftest import Answers, Plan, RecordingMonitor, registered

NAME = "etcd-server-1.etcd.example.com"


@pytest.fixture
def requests_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], list[Any]]:
    """Run a program, and return its requests to the engine without their positions in the source."""

    def requests(program: Callable[[], Any]) -> list[Any]:
        plan, recorded = Plan(), list[Any]()
        monitor = RecordingMonitor(Answers(None), plan)

        def invoke(request: Any) -> Any:
            recorded.append(json_format.MessageToDict(request))
            return RecordingMonitor.Invoke(monitor, request)

        monkeypatch.setattr(monitor, "Invoke", invoke)

        async def run() -> None:
            pulumi_mocks.set_mocks(Answers(None), project="etcd", stack="fra1", monitor=monitor)
            program()
            await registered()

        asyncio.run(run())
        recorded += [
            json_format.MessageToDict(item.request)
            for item in plan.resources
            if item.type != "pulumi:pulumi:Stack"
        ]
        for request in recorded:
            request.pop("sourcePosition", None)
            request.pop("stackTrace", None)
        assert recorded
        return recorded

    return requests


def test_a_record_is_registered_as_by_the_package(requests_of: Any) -> None:
    options = pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="60s"))
    ours = requests_of(
        lambda: dns.DnsRecord(
            "one", zone_id="zone", name=NAME, address="203.0.113.1", comment="mine", opts=options
        )
    )
    (theirs,) = requests_of(
        lambda: pulumi_cloudflare.DnsRecord(
            "one",
            zone_id="zone",
            name=NAME,
            type="A",
            content="203.0.113.1",
            ttl=dns.RECORD_TTL,
            proxied=False,
            comment="mine",
            opts=options,
        )
    )
    # The resource's name in earlier versions of the provider, which no state of ours has.
    (alias,) = theirs.pop("aliases")
    assert alias["spec"]["type"] == "cloudflare:index/record:Record"
    assert ours == [theirs]


def test_a_zone_is_looked_up_as_by_the_package(requests_of: Any) -> None:
    ours = requests_of(
        lambda: dns.zone_id("example.com", pulumi.ComponentResource("etcd:test:Parent", "parent"))
    )
    match = pulumi_cloudflare.GetZoneFilterArgs(name="example.com", match="all")
    theirs = requests_of(
        lambda: pulumi_cloudflare.get_zone_output(
            filter=match,
            opts=pulumi.InvokeOutputOptions(parent=pulumi.ComponentResource("etcd:test:Parent", "parent")),
        )
    )
    assert ours == theirs
