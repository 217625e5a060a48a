"""Who reads the members' metrics."""

from __future__ import annotations

import subprocess

from localcloud.addresses import STRANGER
from tests.cluster.cluster import Cluster

MEMBER = "etcd-server-2.example.test"


def scrape(cluster: Cluster, *options: str) -> subprocess.CompletedProcess[str]:
    return cluster.run(
        "sh", "-c", 'exec curl -sS -m 3 --cacert "$ETCDCTL_CACERT" --cert "$ETCDCTL_CERT" --key "$ETCDCTL_KEY" "$@"',
        "sh", *options, f"https://{MEMBER}:2382/metrics",
    )  # fmt: skip


def test_the_operators_certificate_reads_a_members_metrics_by_name(cluster: Cluster) -> None:
    result = scrape(cluster)
    assert result.returncode == 0, result.stdout
    assert "etcd_server_has_leader 1" in result.stdout


def test_another_network_for_metrics_replaces_no_droplet(cluster: Cluster) -> None:
    before = [cluster.droplet_id(name) for name in cluster.members()]
    cluster.configure(metricsCidrs=[f"{STRANGER}/32"])
    try:
        cluster.up()
        assert scrape(cluster).returncode != 0
        assert scrape(cluster, "--interface", str(STRANGER)).returncode == 0
    finally:
        cluster.configure(metricsCidrs=["198.51.100.10/32"])
        cluster.up()
    assert scrape(cluster).returncode == 0
    assert [cluster.droplet_id(name) for name in cluster.members()] == before
