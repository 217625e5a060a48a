"""DNS records and their zone are requested as Cloudflare's own package does, and a run can do without Cloudflare."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_cloudflare
import pytest
from google.protobuf import json_format
from pulumi.runtime import mocks as pulumi_mocks

from components.config.loading import ProviderAccess
from components.identity.stack_state import stack_state
from components.infra import dns
from components.infra.record_check import RecordConflictError
from tests.component.conftest import Answers, Plan, PlanOf, RecordingMonitor, healthy_state, registered

NAME = "etcd-server-1.etcd.example.com"
NAMES = tuple(f"etcd-server-{number}.etcd.example.com" for number in (1, 2, 3))
LATER = {"token": "t", "size": 3}
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
FIREWALL = "digitalocean:index/firewall:Firewall"
VPC = "digitalocean:index/vpc:Vpc"
VOLUME = "digitalocean:index/volume:Volume"
LEAF = "tls:index/locallySignedCert:LocallySignedCert"
RECORDED = {
    **healthy_state(LATER),
    **{
        (RECORD, f"etcd-etcd-fra1-{number}"): {
            "zoneId": "recorded",
            "name": name,
            "content": f"192.0.2.{number}",
            "comment": "earlier",
        }
        for number, name in enumerate(NAMES, 1)
    },
}
"""A state whose DNS records have other addresses than the droplets of a run."""
DROPLET = "digitalocean:index/droplet:Droplet"


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
        lambda: dns.DnsZone(
            pulumi.Output.from_input("example.com"),
            domain="etcd.example.com",
            zone_id="",
            access=ProviderAccess(),
            stack=pulumi.Output.from_input(stack_state({}, "etcd-etcd-fra1")),
            parent=pulumi.ComponentResource("etcd:test:Parent", "parent"),
        )
    )
    match = pulumi_cloudflare.GetZoneFilterArgs(name="example.com", match="all")
    theirs = requests_of(
        lambda: pulumi_cloudflare.get_zone_output(
            filter=match,
            opts=pulumi.InvokeOutputOptions(parent=pulumi.ComponentResource("etcd:test:Parent", "parent")),
        )
    )
    assert ours == theirs


def test_a_record_with_the_name_of_a_new_member_fails_before_any_droplet(plan_of: PlanOf) -> None:
    other = {"type": "CNAME", "name": NAME, "content": "lb.example.net", "comment": None}
    plan = Plan()
    with pytest.raises(RecordConflictError, match=f"a CNAME record for {NAME}, to lb.example.net"):
        plan_of(plan=plan, records=[other])
    assert not plan.of_type("digitalocean:index/droplet:Droplet")
    # The engine reports a hook that it calls after the program's end, instead of the refusal.
    assert [len(plan.of_type(kind)) for kind in (LEAF, FIREWALL, VPC, VOLUME)] == [7, 1, 1, 3]


def test_a_record_with_the_name_of_a_running_member_stops_no_run(plan_of: PlanOf) -> None:
    other = {"type": "CNAME", "name": NAME, "content": "lb.example.net", "comment": None}
    plan = plan_of(droplets=3, bootstrap={"token": "t", "size": 3}, records=[other])
    assert len(plan.of_type("digitalocean:index/droplet:Droplet")) == 3


def test_records_get_the_addresses_of_the_droplets(plan_of: PlanOf) -> None:
    plan = plan_of(bootstrap=LATER, droplets=3, state=RECORDED)
    records = [(item.inputs["zoneId"], item.inputs["content"]) for item in plan.of_type(RECORD)]
    assert records == [("023e105f4ecef8ad9ca31a8372d0c353", f"203.0.113.{number}") for number in (1, 2, 3)]


def test_records_stay_as_they_are_while_cloudflare_is_away(plan_of: PlanOf) -> None:
    plan = plan_of(bootstrap=LATER, droplets=3, state=RECORDED, cloudflare=False)
    records = [item.inputs for item in plan.of_type(RECORD)]
    assert [record["content"] for record in records] == [f"192.0.2.{number}" for number in (1, 2, 3)]
    assert {(record["zoneId"], record["comment"]) for record in records} == {("recorded", "earlier")}
    assert len(plan.of_type(DROPLET)) == 3


def test_a_lost_droplet_is_created_while_cloudflare_is_away(plan_of: PlanOf) -> None:
    plan = plan_of(bootstrap=LATER, droplets=2, state=RECORDED, cloudflare=False)
    assert len(plan.of_type(DROPLET)) == 3


def test_no_droplet_is_created_that_would_get_no_record(plan_of: PlanOf) -> None:
    plan = Plan()
    with pytest.raises(
        pulumi.RunError, match=r"503 Service Unavailable.* No droplet was created$"
    ) as refusal:
        plan_of(plan=plan, cloudflare=False)
    assert plan.of_type(DROPLET) == []
    for key in ("cloudflare:baseUrl", "etcd:zone", "cloudflare:apiToken"):
        assert key in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_gate_waits_for_the_record_of_the_member_before(plan_of: PlanOf) -> None:
    plan = plan_of(bootstrap=LATER, droplets=3)
    for number in (2, 3):
        gate = plan.one("pulumi:index:Stash", f"etcd-etcd-fra1-gate-{number}")
        assert plan.one(RECORD, f"etcd-etcd-fra1-{number - 1}").urn in gate.dependencies


def test_a_zone_that_the_token_does_not_see_is_a_wrong_setting() -> None:
    problem = dns.zone_problem("exmaple.com", f"returned an error: {dns.NO_ZONE}: 0 found", ProviderAccess())
    assert "Correct etcd:zone" in problem
    assert "wait" not in problem
