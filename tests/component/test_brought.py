"""What exists already can be brought, and DNS can be left out."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_digitalocean as digitalocean
import pytest

from components.changes.immutable_settings import InvalidTransitionError
from components.droplets.preflight import PreflightError
from components.userdata.filler import random_text
from components.userdata.render import TooLargeError
from tests.component.callers import CLUSTER, program
from tests.component.clouds import CATALOG, KEY, NEW_KEY, VPC_ID
from tests.component.conftest import Plan, PlanOf, droplet

DROPLET = "digitalocean:index/droplet:Droplet"
VPC = "digitalocean:index/vpc:Vpc"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"
STASH = "pulumi:index:Stash"
REQUEST = "tls:index/certRequest:CertRequest"
ZONE_ID = "9a7806061c88ada191ed06f989cc3dac"
OTHER_REGIONS = "7b3b7b2e-9653-4bd1-bef5-d6bff52042e4"
LATER = {"token": "t", "size": 3}
NO_DNS = {"zone": None}


def of_store(number: int) -> dict[str, Any]:
    """A member's droplet as DigitalOcean lists it."""
    return droplet(number, tags=[CLUSTER])


def state_of(zone_id: str = "", vpc: str = "") -> dict[tuple[str, str], dict[str, Any]]:
    """The state of a healthy cluster of three."""
    state: dict[tuple[str, str], dict[str, Any]] = {
        (STASH, f"{CLUSTER}-founding"): {"output": LATER},
        (STASH, f"{CLUSTER}-healthy"): {},
    }
    for number in (1, 2, 3):
        name = f"etcd-server-{number}.etcd.example.com"
        state[DROPLET, f"{CLUSTER}-{number}"] = {"id": str(number), "name": name, "vpcUuid": vpc}
        if zone_id:
            state[RECORD, f"{CLUSTER}-{number}"] = {"id": f"r{number}", "name": name, "zoneId": zone_id}
    return state


def test_an_existing_vpc_takes_the_droplets_and_none_is_made(plan_of: PlanOf) -> None:
    plan = plan_of(program(network={"vpc_id": VPC_ID}))
    assert plan.of_type(VPC) == []
    assert {item.inputs["vpcUuid"] for item in plan.of_type(DROPLET)} == {VPC_ID}


def test_a_vpc_of_the_same_program_comes_before_the_droplets(plan_of: PlanOf) -> None:
    def with_vpc() -> None:
        vpc = digitalocean.Vpc("mine", region="fra1")
        program(network={"vpc_id": vpc.id})()

    plan = plan_of(with_vpc)
    (vpc,) = plan.of_type(VPC)
    for item in plan.of_type(DROPLET):
        assert item.property_dependencies["vpcUuid"] == {vpc.urn}


@pytest.mark.parametrize(
    ("vpc", "error"),
    [
        ("00000000-9653-4bd1-bef5-d6bff52042e4", "the DigitalOcean account has no such VPC"),
        (OTHER_REGIONS, "it is in region ams3, and args.members.region is fra1"),
    ],
)
def test_a_vpc_that_cannot_take_the_droplets_is_refused_first(plan_of: PlanOf, vpc: str, error: str) -> None:
    plan = Plan()
    with pytest.raises(PreflightError, match=f"args.network.vpcId is {vpc}: {error}"):
        plan_of(program(network={"vpc_id": vpc}), plan=plan)
    assert plan.of_type(DROPLET) == []


def test_ssh_keys_may_come_from_resources(plan_of: PlanOf) -> None:
    def with_keys() -> None:
        key = digitalocean.SshKey("mine", name="mine", public_key="ssh-ed25519 AAAA")
        program(members={"ssh_keys": [key.fingerprint, KEY]})()

    catalog = {**CATALOG, "ssh_keys": [*CATALOG["ssh_keys"], {"id": 7, "fingerprint": NEW_KEY}]}
    plan = plan_of(with_keys, catalog=catalog)
    (key,) = plan.of_type("digitalocean:index/sshKey:SshKey")
    for item in plan.of_type(DROPLET):
        assert item.property_dependencies["sshKeys"] == {key.urn}


def test_a_zone_id_replaces_the_look_up(plan_of: PlanOf) -> None:
    # Cloudflare does not show the zone by its name.
    plan = plan_of(program(dns={"zone": None, "zone_id": ZONE_ID}), cloudflare=False)
    assert {item.inputs["zoneId"] for item in plan.of_type(RECORD)} == {ZONE_ID}


def test_without_a_zone_nothing_is_asked_of_cloudflare(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan()
    plan_of(program(dns=NO_DNS), cloudflare=False, plan=plan)
    assert plan.of_type(RECORD) == []
    assert len(plan.of_type(DROPLET)) == 3
    assert not [url for url, _ in plan.requests if "cloudflare" in url]
    assert not [item for item in plan.resources if item.type.startswith("cloudflare")]


def test_without_dns_gates_wait_for_the_droplet_before(plan_of: PlanOf) -> None:
    there = [of_store(number) for number in (1, 2, 3)]
    plan = plan_of(program(dns=NO_DNS), bootstrap=LATER, state=state_of(), account=there, discovered=there)
    for number in (2, 3):
        gate = plan.one(STASH, f"{CLUSTER}-gate-{number}")
        assert plan.one(DROPLET, f"{CLUSTER}-{number - 1}").urn in gate.dependencies


def test_certificates_have_the_extra_names_and_addresses(plan_of: PlanOf) -> None:
    plan = plan_of(program(tls={"extra_names": ["etcd.internal", "*.lb.example.com", "203.0.113.80"]}))
    server = plan.one(REQUEST, f"{CLUSTER}-1-server-request").inputs
    name = "etcd-server-1.etcd.example.com"
    assert server["dnsNames"] == [name, "localhost", "etcd.internal", "*.lb.example.com"]
    assert server["ipAddresses"] == ["127.0.0.1", "203.0.113.80"]
    peer = plan.one(REQUEST, f"{CLUSTER}-1-peer-request").inputs
    assert peer["dnsNames"] == [name, "localhost"]


@pytest.mark.parametrize(
    ("recorded", "changed", "error"),
    [
        ({"zone_id": ZONE_ID}, {"dns": NO_DNS}, "args.dns.zone and args.dns.zoneId are not set"),
        (
            {"zone_id": ZONE_ID},
            {"dns": {"zone": None, "zone_id": ZONE_ID[::-1]}},
            f"args.dns.zoneId is {ZONE_ID[::-1]}, and was {ZONE_ID}",
        ),
        (
            {"vpc": "1b3b7b2e-9653-4bd1-bef5-d6bff52042e4"},
            {"network": {"vpc_id": VPC_ID, "addresses": "private"}},
            f"args.network.vpcId is {VPC_ID}, and the members are in the VPC 1b3b7b2e",
        ),
        (
            {"vpc": VPC_ID},
            {"network": {"addresses": "private"}},
            f"args.network.vpcId is not set, and the members are in the VPC {VPC_ID}",
        ),
    ],
    ids=["records would go", "another zone", "another VPC", "a VPC of its own"],
)
def test_a_cluster_stays_in_its_zone_and_vpc(
    plan_of: PlanOf, recorded: dict[str, str], changed: dict[str, Any], error: str
) -> None:
    there = [of_store(number) for number in (1, 2, 3)]
    plan = Plan()
    with pytest.raises(InvalidTransitionError, match=error):
        plan_of(
            program(**changed),
            plan=plan,
            bootstrap=LATER,
            state=state_of(**recorded),
            account=there,
            discovered=there,
        )
    assert {item.type for item in plan.resources} <= {"pulumi:pulumi:Stack", "etcd:index:EtcdCluster"}


def test_too_long_a_secret_of_another_resource_is_named_without_its_value(plan_of: PlanOf) -> None:
    token = random_text(60_000)

    def with_long_token() -> None:
        program(access={"discovery_token": pulumi.Output.secret(token)})()

    with pytest.raises(
        TooLargeError, match=r": shorten args\.access\.discoveryToken, which has 60000 characters"
    ) as refused:
        plan_of(with_long_token)
    assert token[:9] not in str(refused.value)


def test_tokens_and_bucket_keys_may_come_from_resources(plan_of: PlanOf) -> None:
    def with_secrets() -> None:
        token = pulumi.Output.secret("dop_v1_from_elsewhere")
        program(
            access={"discovery_token": token},
            backups={
                "bucket": "backups",
                "access_key": pulumi.Output.secret("an-access-key"),
                "secret_key": pulumi.Output.secret("a-secret-key"),
            },
        )()

    plan = plan_of(with_secrets)
    assert all(item.is_secret("userData") for item in plan.of_type(DROPLET))
    assert ("https://api.digitalocean.com", "dop_v1_from_elsewhere") in plan.requests
