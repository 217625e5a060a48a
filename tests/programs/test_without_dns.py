"""A caller without a DNS provider has a cluster in a VPC of its own. Clients come by a load balancer's address."""

from __future__ import annotations

import re
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import httpx
import pytest

from localcloud.cloud import LocalCloud
from localcloud.machines.files import replace
from localcloud.machines.network import BRIDGE
from testbed.cluster import WITHOUT_BACKUPS, requests, wait_for
from tests.cluster.inventory import inventory
from tests.programs.python_program import OUTPUTS, PythonProgram

BALANCER = "198.51.100.80"
"""The address of the load balancer."""
NAME = "etcd.apps.internal"
"""The name of the load balancer, which clients have in their hosts file."""
NETWORK = "10.20.0.0/20"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBXtWBXjpWYxOYQGqLkGYzRyYyjZqKkXmY9OZ0cXx1Q8 operator"


class WithoutDns(PythonProgram):
    """A program whose cluster takes the VPC and the SSH key from other resources, and gives them its members."""

    PROJECT = "apps"
    PROGRAM = f"""
import pulumi
import pulumi_digitalocean as digitalocean

from etcd_digitalocean import EtcdCluster

vpc = digitalocean.Vpc("apps", name="apps", region="fra1", ip_range="{NETWORK}")
key = digitalocean.SshKey("operator", name="operator", public_key="{KEY}")
args = pulumi.Config().require_object("cluster")
args["network"]["vpc_id"] = vpc.id
args["members"]["ssh_keys"] = [key.fingerprint]
cluster = EtcdCluster("store", args)

digitalocean.Firewall(
    "ping",
    name="ping",
    droplet_ids=[member["droplet"].apply(int) for member in cluster.members],
    inbound_rules=[{{"protocol": "icmp", "source_addresses": ["198.51.100.0/24"]}}],
)
lines = [pulumi.Output.format("{{}} {{}}", member["public"], member["name"]) for member in cluster.members]
hosts = pulumi.Stash("hosts", input=lines)
pulumi.export("hosts", hosts.input)
pulumi.export("vpc", vpc.id)
pulumi.export("key", key.fingerprint)
{OUTPUTS}"""

    def write_configuration(self) -> None:
        """Write the file of the stack, which says nothing of Cloudflare."""
        config = self._document["config"]
        for key in [key for key in config if key.startswith("cloudflare:")]:
            del config[key]
        super().write_configuration()

    def etcdctl_at(self, endpoint: str, *arguments: str) -> str:
        """The output of etcdctl by another endpoint than those of the stack's outputs."""
        found = self.run("env", f"ETCDCTL_ENDPOINTS={endpoint}", "etcdctl", *arguments)
        return found.stdout


@pytest.fixture(scope="module")
def program(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> WithoutDns:
    settings = {**WITHOUT_BACKUPS, "domain": "apps.internal", "zone": None, "volumeSize": 0}
    program = WithoutDns(
        cloud, tmp_path_factory.mktemp("without-dns"), "apps", **settings, extraNames=[BALANCER]
    )
    vpcs = program.digitalocean("GET", "/v2/vpcs")["vpcs"]
    if not vpcs:
        # DigitalOcean never deletes the first VPC of a region.
        program.digitalocean("POST", "/v2/vpcs", {"name": "default-fra1", "region": "fra1"})
    return program


@pytest.fixture(scope="module")
def log(cloud: LocalCloud) -> Iterator[httpx.Client]:
    """The requests since the first test."""
    with cloud.control as client:
        client.delete("/requests")
        yield client


def test_the_first_preview_knows_neither_the_vpc_nor_the_key(program: WithoutDns, log: httpx.Client) -> None:
    preview = program.pulumi("preview")
    for number in (1, 2, 3):
        assert f"digitalocean:index:Droplet etcd-apps-apps-store-{number} create" in preview
    assert "warning" not in preview


def test_a_cluster_without_dns_never_asks_cloudflare_and_leaves_nothing(
    program: WithoutDns, log: httpx.Client
) -> None:
    before = inventory(program)
    program.up()
    program.up("--expect-no-changes")
    droplets = program.digitalocean("GET", "/v2/droplets?tag_name=etcd-apps-apps-store")["droplets"]
    assert {droplet["vpc_uuid"] for droplet in droplets} == {program.outputs()["vpc"]}
    assert (
        program.on("etcd-server-1.apps.internal", "cat /root/.ssh/authorized_keys").split()[1]
        == KEY.split()[1]
    )

    with hosts_file(program), load_balancer(program):
        # As docs/component.md says, a client comes by the members' names ...
        program.etcdctl("put", "kept", "yes")
        # ... or by the address in the certificates, and by no other one.
        assert program.etcdctl_at(f"https://{BALANCER}:2379", "get", "kept") == "kept\nyes\n"
        address = program.members()["etcd-server-1.apps.internal"]
        rejected = program.etcdctl_at(f"https://{address}:2379", "get", "kept")
        assert f"certificate is valid for 127.0.0.1, {BALANCER}, not {address}" in rejected
        rejected = program.etcdctl_at(f"https://{NAME}:2379", "get", "kept")
        assert f"not {NAME}" in rejected

    # New members are healthy before others change, although nobody can look up their names.
    program.configure(extraNames=[BALANCER, NAME], size=5)
    program.up()
    with hosts_file(program), load_balancer(program):
        assert program.etcdctl_at(f"https://{NAME}:2379", "get", "kept") == "kept\nyes\n"
        program.etcdctl("endpoint", "health", "--cluster")
    listed = {droplet["id"] for droplet in program.digitalocean("GET", "/v2/droplets")["droplets"]}
    assert not listed & {droplet["id"] for droplet in droplets}
    (firewall,) = (
        one for one in program.digitalocean("GET", "/v2/firewalls")["firewalls"] if one["name"] == "ping"
    )
    assert set(firewall["droplet_ids"]) <= listed
    assert len(firewall["droplet_ids"]) == 5

    assert_a_new_parent_needs_an_alias(program)

    program.destroy()
    assert inventory(program) == before
    assert [seen for seen in requests(log) if seen["service"] == "cloudflare"] == []


def assert_a_new_parent_needs_an_alias(program: WithoutDns) -> None:
    """Preview the program with its cluster in another component: as it is, and as the refusal advises."""
    source = program.folder / "__main__.py"
    text = source.read_text(encoding="utf-8")
    parent = 'pulumi.ComponentResource("apps:index:Apps", "apps")'

    def move(*aliases: str) -> None:
        options = f"pulumi.ResourceOptions(parent={parent}, aliases={[*aliases]})"
        moved = text.replace('EtcdCluster("store", args)', f'EtcdCluster("store", args, {options})')
        source.write_text(moved, encoding="utf-8")

    move()
    refused = program.run("pulumi", "preview", "--non-interactive").stdout
    # The engine prints a refusal twice.
    alias = {
        *re.findall(r"add this alias to the options of the component: (\S+)\. Nothing was changed", refused)
    }
    assert len(alias) == 1, refused
    move(*alias)
    preview = program.pulumi("preview")
    assert "1 to create" in preview
    assert not re.search(r"to (delete|replace|update)", preview), preview
    source.write_text(text, encoding="utf-8")


@contextmanager
def hosts_file(program: WithoutDns) -> Generator[None]:
    """The operator's hosts file for the length of a block, with the members from the outputs."""
    file = program.cloud.layout.namespace_files / "hosts"
    lines = ["127.0.0.1 localhost", *program.outputs()["hosts"], f"{BALANCER} {NAME}"]
    replace(file, "".join(f"{line}\n" for line in lines), mode=0o644)
    try:
        yield
    finally:
        file.unlink()


@contextmanager
def load_balancer(program: WithoutDns) -> Generator[None]:
    """A load balancer before the members for the length of a block."""
    program.run("ip", "address", "replace", f"{BALANCER}/32", "dev", BRIDGE)
    command = [sys.executable, "-m", "tests.programs.load_balancer", BALANCER, *program.members().values()]
    balancer = program.cloud.begin(command)
    try:
        wait_for(
            lambda: program.run("curl", "--silent", "--insecure", f"https://{BALANCER}:2379/health"),
            lambda answer: answer.returncode in {0, 56},
            "load balancer",
        )
        yield
    finally:
        balancer.kill()
        program.run("ip", "address", "delete", f"{BALANCER}/32", "dev", BRIDGE)
