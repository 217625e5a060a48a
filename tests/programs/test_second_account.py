"""A program whose cluster has explicit providers of a second account reaches nothing in the default providers' one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from localcloud.addresses import GATEWAY
from localcloud.cloud import LocalCloud
from localcloud.tokens import (
    SECOND_CLOUDFLARE_TOKEN,
    SECOND_DIGITALOCEAN_TOKEN,
    SECOND_DISCOVERY_TOKEN,
    SECOND_ZONE,
)
from testbed.cluster import WITHOUT_BACKUPS, requests
from tests.cluster.clouds import fresh_cloud
from tests.cluster.inventory import inventory
from tests.programs.python_program import OUTPUTS, PythonProgram
from tests.programs.second_account import CLUSTER, PROVIDERS

NAME = "etcd-shop-local-store"
"""The name of the program's cluster."""
ORPHAN = {
    "name": NAME,
    "tags": [NAME],
    "inbound_rules": [{"protocol": "tcp", "ports": "22", "sources": {"addresses": ["198.51.100.10"]}}],
}
"""A firewall that an interrupted run left."""


class SecondAccount(PythonProgram):
    """A program whose default providers have the first account, and whose cluster is in the second."""

    PROGRAM: ClassVar[str] = PROVIDERS + CLUSTER + OUTPUTS

    def values(self) -> dict[str, Any]:
        """What the program reads: the tokens of its providers as well."""
        providers = {"token": SECOND_DIGITALOCEAN_TOKEN, "apiToken": SECOND_CLOUDFLARE_TOKEN}
        return {**super().values(), **providers}

    def in_second(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a request about the second account."""
        return self.digitalocean(method, path, body, token=SECOND_DIGITALOCEAN_TOKEN)

    def member(self) -> int:
        """The id of the one droplet."""
        (droplet,) = self.in_second("GET", f"/v2/droplets?tag_name={NAME}")["droplets"]
        return droplet["id"]


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A local cloud of its own: in that of the other tests, clusters of the first account run."""
    with fresh_cloud("second") as tested:
        yield tested


def test_nothing_reaches_the_account_of_the_default_providers(
    cloud: LocalCloud, control: httpx.Client, tmp_path: Path
) -> None:
    program = SecondAccount(
        cloud,
        tmp_path,
        "local",
        size=1,
        domain=SECOND_ZONE,
        zone=SECOND_ZONE,
        discoveryToken=SECOND_DISCOVERY_TOKEN,
        **WITHOUT_BACKUPS,
    )
    program.in_second("POST", "/v2/tags", {"name": NAME})
    program.in_second("POST", "/v2/firewalls", ORPHAN)

    assert f"deleted firewall {NAME}, which is not in the stack's state" in program.pulumi("up", "--yes")
    program.etcdctl("put", "order", "1")
    program.up("--expect-no-changes")
    before = program.member()
    program.configure(heartbeatMs=150)
    program.up()
    assert program.member() != before
    assert program.etcdctl("get", "order", "--print-value-only").strip() == "1"
    (address,) = program.members().values()
    program.destroy()

    seen = [one for one in requests(control) if one["service"] in {"digitalocean", "cloudflare"}]
    # Whose requests they are: the provider's and the hooks', the health checks', and those of the members.
    assert {(one["token"], one["source"]) for one in seen} >= {
        ("second-admin", str(GATEWAY.ip)),
        ("second-cloudflare", str(GATEWAY.ip)),
        ("second-discovery", str(GATEWAY.ip)),
        ("second-discovery", address),
    }
    assert [one for one in seen if one["account"] != "second"] == []
    assert not any(inventory(program).values())
