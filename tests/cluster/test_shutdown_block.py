"""A machine blocks its shutdown while another member is unhealthy, but not during a destroy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.cloud import LocalCloud
from localcloud.tokens import BACKUP_BUCKET
from testbed.cluster import UP_LIMIT, Cluster, wait_for

DOMAIN = "block.example.test"
FIRST, SECOND, THIRD = (f"etcd-server-{number}.{DOMAIN}" for number in (1, 2, 3))
DELETE_LIMIT = 60
"""Seconds for a droplet's deletion (``etcd:dropletTimeoutSeconds``). A blocked deletion fails then."""


@pytest.fixture
def doomed(cloud: LocalCloud, tmp_path: Path) -> Iterator[Cluster]:
    """Three healthy members that a test may destroy."""
    stack = Cluster(cloud, tmp_path, stack="block", domain=DOMAIN, dropletTimeoutSeconds=DELETE_LIMIT)
    stack.up()
    yield stack
    stack.destroy()


def test_no_machine_shuts_down_while_another_member_is_unhealthy(doomed: Cluster) -> None:
    doomed.etcdctl("put", "/block", "kept")
    droplets = {member: doomed.droplet_id(member) for member in (FIRST, SECOND, THIRD)}
    boots = {member: boot(doomed, member) for member in (FIRST, SECOND)}
    doomed.on(THIRD, "systemctl stop etcd")
    refusal = f"blocking the shutdown of this machine: {THIRD} is unhealthy"
    for member in (FIRST, SECOND):
        wait_for(
            lambda name=member: doomed.journal(name, "etcd-guard"), lambda text: refusal in text, "refusal"
        )

    requested = doomed.digitalocean("POST", f"/v2/droplets/{droplets[SECOND]}/actions", {"type": "shutdown"})
    assert "ended with 1" in doomed.on(SECOND, "systemctl reboot 2>&1; echo ended with $?")
    why = doomed.on(SECOND, "systemctl reboot --check-inhibitors=yes 2>&1; echo ended with $?")
    assert f"{THIRD} is unhealthy" in why
    result = doomed.run(
        "pulumi",
        "up",
        "--yes",
        "--skip-preview",
        "--non-interactive",
        "--replace",
        urn(doomed, 1),
        limit=UP_LIMIT,
    )
    assert result.returncode != 0
    assert "to become off" in result.stdout
    assert {member: doomed.droplet_id(member) for member in droplets} == droplets
    assert {member: boot(doomed, member) for member in boots} == boots
    wait_for(
        lambda: doomed.digitalocean("GET", f"/v2/actions/{requested['action']['id']}")["action"]["status"],
        lambda status: status != "in-progress",
        "end of the refused shutdown",
    )

    doomed.on(THIRD, "systemctl start etcd")
    doomed.wait_healthy()
    wait_for(
        lambda: doomed.digitalocean("GET", f"/v2/droplets/{droplets[FIRST]}")["droplet"]["locked"],
        lambda locked: not locked,
        "unlocked droplet",
    )
    assert {member: boot(doomed, member) for member in boots} == boots
    doomed.up("--replace", urn(doomed, 1))
    assert doomed.droplet_id(FIRST) != droplets[FIRST]
    assert doomed.droplet_id(SECOND) == droplets[SECOND]
    assert doomed.etcdctl("get", "/block", "--print-value-only") == "kept\n"


@pytest.mark.parametrize("unhealthy", [False, True], ids=["healthy", "with an unhealthy member"])
def test_a_plain_destroy_is_not_blocked_and_leaves_a_backup(doomed: Cluster, unhealthy: bool) -> None:
    if unhealthy:
        doomed.on(THIRD, "systemctl stop etcd")
        wait_for(lambda: held(doomed, FIRST), bool, "shutdown block")
    began, since = time.monotonic(), time.time()
    doomed.destroy()
    assert time.monotonic() - began < DELETE_LIMIT
    backups = doomed.cloud.layout.objects / "buckets" / BACKUP_BUCKET / f"etcd-etcd-{doomed.stack}"
    assert any(file.stat().st_mtime > since for file in backups.glob("*.db.gz"))


def test_all_at_once_replaces_members_while_others_are_unhealthy(doomed: Cluster) -> None:
    doomed.on(THIRD, "systemctl stop etcd")
    wait_for(lambda: held(doomed, FIRST), bool, "shutdown block")
    droplets = {member: doomed.droplet_id(member) for member in (FIRST, SECOND, THIRD)}
    doomed.configure(rollout="all-at-once", quotaGiB=3)
    doomed.up()
    assert not set(droplets.values()) & {doomed.droplet_id(member) for member in droplets}


def boot(cluster: Cluster, member: str) -> str:
    """The boot id of a member's machine."""
    return cluster.on(member, "systemctl show -P UserspaceTimestampMonotonic")


def held(cluster: Cluster, member: str) -> bool:
    return "etcd" in cluster.on(member, "systemd-inhibit --list --no-legend --no-pager --mode=block")


def urn(cluster: Cluster, number: int) -> str:
    name = f"etcd-etcd-{cluster.stack}-{number}"
    return (
        f"urn:pulumi:{cluster.stack}::etcd::etcd:index:EtcdCluster$etcd:index:Member$"
        f"digitalocean:index/droplet:Droplet::{name}"
    )
