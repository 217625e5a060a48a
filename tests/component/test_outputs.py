"""Every output of a cluster can be an input of another resource."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_digitalocean as digitalocean

from components import EtcdCluster
from tests.component.callers import CLUSTER, args, program
from tests.component.conftest import Plan, PlanOf

DROPLET = "digitalocean:index/droplet:Droplet"
STASH = "pulumi:index:Stash"
NAME = "etcd-server-1.etcd.example.com"


def fed(plan_of: PlanOf, output: str) -> Any:
    """What a resource gets from an output of the cluster, and the URNs that it depends on."""

    def feeding() -> None:
        cluster = EtcdCluster("store", args())
        pulumi.Stash("fed", input=getattr(cluster, output))

    plan = plan_of(feeding)
    resource = plan.one(STASH, "fed")
    return resource.inputs["input"]


def test_another_resource_gets_every_members_url(plan_of: PlanOf) -> None:
    names = [f"https://etcd-server-{number}.etcd.example.com:2379" for number in (1, 2, 3)]
    assert fed(plan_of, "endpoints") == names
    assert fed(plan_of, "environment")["ETCDCTL_ENDPOINTS"] == ",".join(names)


def test_another_resource_gets_the_certificates_and_their_dates(plan_of: PlanOf) -> None:
    assert fed(plan_of, "ca_certificate").startswith(f"-----BEGIN {CLUSTER}-ca")
    assert fed(plan_of, "client_certificate").startswith("-----BEGIN")
    assert set(fed(plan_of, "certificates")) == {"renewsFrom", "renewBefore", "authorityEnds"}


def test_the_clients_key_stays_secret(plan_of: PlanOf) -> None:
    key = fed(plan_of, "client_key")
    assert key["4dabf18193072939515e22adb298388d"]


def test_a_clients_certificate_is_an_output_and_its_key_stays_secret(plan_of: PlanOf) -> None:
    def feeding() -> None:
        cluster = EtcdCluster("store", args(access={"auth": True, "clients": [{"name": "shop"}]}))
        pulumi.Stash("fed", input=cluster.clients["shop"])

    shop = plan_of(feeding).one(STASH, "fed").inputs["input"]
    assert shop["certificate"] == f"-----BEGIN {CLUSTER}-client.shop-----\n"
    assert shop["key"]["4dabf18193072939515e22adb298388d"]


def test_the_outputs_tell_how_to_turn_on_backups_and_how_to_scrape(plan_of: PlanOf) -> None:
    assert fed(plan_of, "backups").startswith("off: set args.backups.bucket, args.backups.accessKey and")
    assert f"etcd/{CLUSTER}" in fed(plan_of, "prometheus_scrape_config")


def test_members_are_fed_to_a_firewall_and_to_records_of_another_provider(plan_of: PlanOf) -> None:
    def feeding() -> None:
        cluster = program()()
        for member in cluster.members:
            digitalocean.DnsRecord(
                member["name"], domain="example.com", type="A", name=member["name"], value=member["public"]
            )
        digitalocean.ProjectResources(
            "droplets", project="p", resources=[member["urn"] for member in cluster.members]
        )
        pulumi.Stash("first", input=cluster.members[0])

    plan = Plan()
    plan_of(feeding, plan=plan)
    record = plan.one("digitalocean:index/dnsRecord:DnsRecord", NAME)
    assert record.inputs["value"] == "203.0.113.1"
    assert record.property_dependencies["value"] == {plan.one(DROPLET, f"{CLUSTER}-1").urn}
    (project,) = plan.of_type("digitalocean:index/projectResources:ProjectResources")
    assert project.inputs["resources"] == [f"do:droplet:{CLUSTER}-{number}-id" for number in (1, 2, 3)]
    assert plan.one(STASH, "first").inputs["input"] == {
        "name": NAME,
        "address": "203.0.113.1",
        "public": "203.0.113.1",
        "private": "10.10.0.1",
        "droplet": f"{CLUSTER}-1-id",
        "urn": f"do:droplet:{CLUSTER}-1-id",
    }
