"""Two stacks in one account and region do not affect each other, from creation to destroy."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from localcloud.cloud import LocalCloud
from testbed.cluster import Cluster
from tests.cluster.inventory import inventory


def test_a_second_cluster_is_made_destroyed_and_remade_beside_the_first(
    cluster: Cluster, cloud: LocalCloud, control: httpx.Client, tmp_path: Path
) -> None:
    before = inventory(cluster)
    second = Cluster(cloud, tmp_path, stack="second", domain="second.example.test")
    second.up()
    assert names(second) == [f"etcd-server-{number}.second.example.test" for number in (1, 2, 3)]
    assert names(cluster) == [f"etcd-server-{number}.example.test" for number in (1, 2, 3)]
    assert cluster_id(cluster) != cluster_id(second)
    assert token(cluster, "etcd-server-1.example.test") != token(second, "etcd-server-1.second.example.test")

    first_token = token(second, "etcd-server-1.second.example.test")
    second.destroy()
    assert inventory(cluster) == before
    assert json.loads(second.pulumi("stack", "export"))["deployment"].get("resources", []) == []

    second.up()
    assert token(second, "etcd-server-1.second.example.test") != first_token
    second.etcdctl("endpoint", "health", "--cluster")
    second.destroy()
    assert inventory(cluster) == before
    cluster.etcdctl("endpoint", "health", "--cluster")


def names(cluster: Cluster) -> list[str]:
    return sorted(
        member["name"] for member in json.loads(cluster.etcdctl("member", "list", "-w", "json"))["members"]
    )


def cluster_id(cluster: Cluster) -> int:
    return json.loads(cluster.etcdctl("member", "list", "-w", "json"))["header"]["cluster_id"]


def token(cluster: Cluster, member: str) -> str:
    return cluster.on(member, "grep ^ETCD_INITIAL_CLUSTER_TOKEN= /etc/etcd/etcd-members")
