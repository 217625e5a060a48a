"""What the programs in examples/ register, under the recording monitor."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pulumi_cloudflare
import pytest
from pulumi.runtime import config

from components.shared.ports import CLIENT_PORT
from tests.component.clouds import CATALOG, NEW_KEY, VPC_ID
from tests.component.conftest import Plan, PlanOf

EXAMPLES = Path(__file__).parents[2] / "examples"
COMPONENT = "etcd:index:EtcdCluster"
DROPLET = "digitalocean:index/droplet:Droplet"
RECORD = "cloudflare:index/dnsRecord:DnsRecord"


@pytest.fixture
def plan_of_example(plan_of: PlanOf) -> PlanOf:
    """A function that runs the program in a folder of examples/."""

    def plan(name: str) -> Plan:
        def program() -> None:
            config.set_all_config(
                {"etcd:discoveryToken": "discovery-token", "etcd:sshKey": "ssh-ed25519 AAAA"}
            )
            try:
                runpy.run_path(str(EXAMPLES / name / "__main__.py"), run_name="__main__")
            finally:
                config.set_all_config({})

        return plan_of(program)

    return plan


def test_an_application_and_its_cluster_share_a_network(
    plan_of_example: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The key that the program creates is in the account when the cluster looks for it.
    key = {"id": 512102, "name": "people", "fingerprint": NEW_KEY}
    monkeypatch.setitem(CATALOG, "ssh_keys", [*CATALOG["ssh_keys"], key])
    plan = plan_of_example("python")
    droplets = plan.of_type(DROPLET)
    assert {droplet.inputs["vpcUuid"] for droplet in droplets} == {VPC_ID}
    assert len(plan.of_type(RECORD)) == 3
    application = plan.one(DROPLET, "shop-1")
    for number in (1, 2, 3):
        assert (
            f"https://etcd-server-{number}.etcd.example.com:{CLIENT_PORT}" in application.inputs["userData"]
        )


def test_the_application_is_admitted_to_the_clusters_droplets(
    plan_of_example: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = {"id": 512102, "name": "people", "fingerprint": NEW_KEY}
    monkeypatch.setitem(CATALOG, "ssh_keys", [*CATALOG["ssh_keys"], key])
    plan = plan_of_example("python")
    firewall = plan.one("digitalocean:index/firewall:Firewall", "shop-to-etcd")
    members = [item for item in plan.of_type(DROPLET) if item.name != "shop-1"]
    assert all(firewall.inputs["tags"][0] in item.inputs["tags"] for item in members)


def test_the_programs_of_the_page_run_as_they_are(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = {"id": 512102, "name": "ops", "fingerprint": NEW_KEY}
    monkeypatch.setitem(CATALOG, "ssh_keys", [*CATALOG["ssh_keys"], key])
    page = (EXAMPLES.parent / "docs/component.md").read_text()
    cluster, providers, records = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    explicit = """
second_account = digitalocean.Provider("second", token="second-token")
second_zones = cloudflare.Provider("second", api_token="second-zone-token")
args = {
    "network": {"client_cidrs": ["198.51.100.0/24"]},
    "dns": {"domain": "other.example.com", "zone": "example.com"},
    "access": {"discovery_token": "discovery-token"},
}
"""

    def program() -> None:
        config.set_all_config({"etcd:discoveryToken": "discovery-token", "etcd:opsKey": "ssh-ed25519 AAAA"})
        file = tmp_path / "__main__.py"
        file.write_text(cluster + records + explicit + providers.replace('"store"', '"other"'))
        try:
            runpy.run_path(str(file), {"cloudflare": pulumi_cloudflare})
        finally:
            config.set_all_config({})

    plan = plan_of(program)
    assert len(plan.of_type(DROPLET)) == 3 + 3
    own = plan.of_type("digitalocean:index/dnsRecord:DnsRecord")
    assert [record.inputs["name"] for record in own] == [f"etcd-server-{number}.etcd" for number in (1, 2, 3)]
    assert {record.inputs["value"] for record in own} == {f"203.0.113.{number}" for number in (1, 2, 3)}


def test_two_clusters_of_one_stack_need_no_dns_provider(plan_of_example: PlanOf) -> None:
    plan = plan_of_example("two-clusters")
    assert [cluster.name for cluster in plan.of_type(COMPONENT)] == ["orders", "sessions"]
    assert len(plan.of_type(DROPLET)) == 5 + 1
    assert plan.of_type(RECORD) == []
