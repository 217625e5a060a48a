"""The discovery token has expired or was revoked: members cannot see a destroy, and there are two ways out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from localcloud.cloud import LocalCloud
from localcloud.tokens import DIGITALOCEAN_TOKEN
from testbed.cluster import UP_LIMIT, WITHOUT_BACKUPS, Cluster, wait_for

DOMAIN = "spent.example.test"
FIRST, SECOND, THIRD = (f"etcd-server-{number}.{DOMAIN}" for number in (1, 2, 3))
DELETE_LIMIT = 60
"""Seconds that the program gives the deletion of a droplet, by ``etcd:dropletTimeoutSeconds``."""

TOLD = (
    "cannot read the account's tags, so the shutdown stays blocked",
    "run pulumi up, also before pulumi destroy",
)
"""What the guard logs about a token that is not valid."""


@pytest.fixture
def spent(cloud: LocalCloud, control: httpx.Client, tmp_path: Path) -> Iterator[Cluster]:
    """Three healthy members with a token that is not valid any more."""
    stack = Cluster(
        cloud, tmp_path, stack="spent", domain=DOMAIN, dropletTimeoutSeconds=DELETE_LIMIT, **WITHOUT_BACKUPS
    )
    stack.up()
    revoked = {"service": "digitalocean", "kind": "status", "status": 401, "token": "discovery"}
    control.put("/faults", json=[revoked]).raise_for_status()
    yield stack
    control.delete("/faults")
    stack.destroy()


def test_a_destroy_works_after_a_run_with_a_new_token(spent: Cluster) -> None:
    before = {member: spent.droplet_id(member) for member in (FIRST, SECOND, THIRD)}
    spent.etcdctl("put", "/spent", "kept")
    # Any other token that may read.
    spent.configure(discoveryToken=DIGITALOCEAN_TOKEN)
    spent.up()
    assert not set(before.values()) & {spent.droplet_id(member) for member in before}
    assert spent.etcdctl("get", "/spent", "--print-value-only") == "kept\n"
    # It fails if a member blocks its shutdown until the time limit of its deletion.
    spent.destroy()


def test_a_destroy_with_a_dead_token_stops_and_can_be_finished_by_hand(spent: Cluster) -> None:
    spent.on(THIRD, "systemctl stop etcd")
    for member in (FIRST, SECOND):
        wait_for(
            lambda name=member: spent.journal(name, "etcd-guard"),
            lambda text: all(words in text for words in ("401", *TOLD)),
            "line of the guard about its token",
        )
    result = spent.run("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive", limit=UP_LIMIT)
    assert result.returncode != 0
    assert "to become off" in result.stdout
    # An expired token must not allow a shutdown.
    left = {member: spent.droplet_id(member) for member in (FIRST, SECOND)}
    spent.digitalocean("DELETE", f"/v2/droplets/{left[FIRST]}")
    new_token = f"echo {DIGITALOCEAN_TOKEN} > /etc/etcd/prepare_cluster.token"
    spent.on(SECOND, f"{new_token} && systemctl restart etcd-guard")
    permission = "allowing the shutdown of this machine: the cluster is being destroyed"
    wait_for(lambda: spent.journal(SECOND, "etcd-guard"), lambda text: permission in text, "permission")
    spent.destroy()
