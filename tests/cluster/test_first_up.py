"""`pulumi up` gives a healthy cluster, and a second one changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from localcloud.cloud import LocalCloud
from localcloud.toolchain.etcd import DEFAULT_VERSION
from testbed.cluster import Cluster, writes


def test_every_member_is_healthy_under_one_leader(cluster: Cluster) -> None:
    health = json.loads(cluster.etcdctl("endpoint", "health", "--cluster", "-w", "json"))
    assert [member["health"] for member in health] == [True, True, True]
    status = [entry["Status"] for entry in json.loads(cluster.etcdctl("endpoint", "status", "-w", "json"))]
    assert len({member["leader"] for member in status}) == 1
    assert len({member["header"]["cluster_id"] for member in status}) == 1
    assert len({member["header"]["revision"] for member in status}) == 1
    assert {member["version"] for member in status} == {DEFAULT_VERSION}


def test_a_key_is_written_read_listed_and_deleted(cluster: Cluster) -> None:
    first, _, last = (f"--endpoints=https://{name}:2379" for name in cluster.members())
    env = ("env", "-u", "ETCDCTL_ENDPOINTS", "etcdctl")
    assert cluster.run(*env, first, "put", "/app/color", "green").stdout == "OK\n"
    assert cluster.run(*env, last, "get", "/app/color", "--print-value-only").stdout == "green\n"
    assert cluster.run(*env, last, "get", "--prefix", "--keys-only", "/app").stdout.split() == ["/app/color"]
    assert cluster.run(*env, first, "del", "/app/color").stdout == "1\n"
    assert cluster.run(*env, last, "get", "/app/color").stdout == ""


def test_a_second_up_changes_nothing_and_writes_nothing(cluster: Cluster, control: httpx.Client) -> None:
    revision = cluster.revision()
    control.delete("/requests")
    cluster.up("--expect-no-changes")
    assert writes(control) == []
    assert cluster.revision() == revision


def test_a_refresh_finds_no_drift(cluster: Cluster) -> None:
    cluster.pulumi("refresh", "--yes", "--expect-no-changes")


def test_a_preview_works_before_the_first_up(
    cloud: LocalCloud, tmp_path: Path, control: httpx.Client
) -> None:
    control.delete("/requests")
    preview = Cluster(cloud, tmp_path, stack="fresh", domain="fresh.example.test").pulumi("preview")
    assert preview.count("digitalocean:index:Droplet") == 3
    assert writes(control) == []


def test_outputs_say_how_to_reach_the_cluster_and_keep_the_key_secret(cluster: Cluster) -> None:
    outputs = cluster.outputs()
    names = [f"etcd-server-{number}.example.test" for number in (1, 2, 3)]
    assert outputs["endpoints"] == [f"https://{name}:2379" for name in names]
    assert list(outputs["members"]) == names
    assert outputs["environment"]["ETCDCTL_ENDPOINTS"] == ",".join(outputs["endpoints"])
    assert outputs["clientKey"] == "[secret]"
    assert "PRIVATE KEY" not in cluster.pulumi("stack", "export")
