"""Who may read the members' metrics."""

from __future__ import annotations

import subprocess

import yaml

from localcloud.addresses import STRANGER
from testbed.cluster import Cluster

MEMBER = "etcd-server-2.example.test"


def scrape(cluster: Cluster, *options: str, port: int = 2382) -> subprocess.CompletedProcess[str]:
    return cluster.run(
        "sh", "-c", 'exec curl -sS --cacert "$ETCDCTL_CACERT" --cert "$ETCDCTL_CERT" --key "$ETCDCTL_KEY" "$@"',
        "sh", "--connect-timeout", "3", "--max-time", "10", *options, f"https://{MEMBER}:{port}/metrics",
    )  # fmt: skip


def test_the_operators_certificate_reads_a_members_metrics_by_name(cluster: Cluster) -> None:
    result = scrape(cluster)
    assert result.returncode == 0, result.stdout
    assert "etcd_server_has_leader 1" in result.stdout


def test_a_scrape_of_the_exporter_leaves_no_line_in_the_journal(cluster: Cluster) -> None:
    for _ in range(3):
        result = scrape(cluster, port=2383)
        assert 'etcd_node_alarm{alarm="NOSPACE"} 0' in result.stdout
        for name in ("ca", "server", "peer", "client"):
            assert (
                f'etcd_node_certificate_not_after_timestamp_seconds{{certificate="{name}"}}' in result.stdout
            )
    assert (
        cluster.on(MEMBER, "journalctl -q | grep -e etcd-exporter.service -e 'Answer requests' || true") == ""
    )


def test_all_answers_of_the_exporter_share_one_limit(cluster: Cluster) -> None:
    scrape(cluster, port=2383)
    shown = cluster.on(MEMBER, "systemctl show -p ActiveState,CPUWeight,MemoryMax etcd-exporter")
    assert set(shown.split()) == {"ActiveState=active", "CPUWeight=20", f"MemoryMax={256 << 20}"}


def test_the_scrape_configuration_names_every_member(cluster: Cluster) -> None:
    jobs = yaml.safe_load(cluster.outputs()["prometheusScrapeConfig"])["scrape_configs"]
    assert [job["static_configs"][0]["targets"] for job in jobs] == [
        [f"{name}:{port}" for name in cluster.members()] for port in (2382, 2383)
    ]


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


def test_digitalocean_mails_while_a_recipient_is_configured(cluster: Cluster) -> None:
    before = [cluster.droplet_id(name) for name in cluster.members()]
    cluster.configure(alertEmails=["ops@example.com"])
    try:
        cluster.up()
        policies = cluster.digitalocean("GET", "/v2/monitoring/alerts")["policies"]
        assert {tag for policy in policies for tag in policy["tags"]} == {"etcd-etcd-local"}
        assert len(policies) == 3
        assert "unchanged" in cluster.up()
        cluster.configure(alertEmails=["others@example.com"])
        cluster.up()
        changed = cluster.digitalocean("GET", "/v2/monitoring/alerts")["policies"]
        assert [policy["uuid"] for policy in changed] == [policy["uuid"] for policy in policies]
        assert all(policy["alerts"]["email"] == ["others@example.com"] for policy in changed)
    finally:
        cluster.configure(alertEmails=None)
        cluster.up()
    assert cluster.digitalocean("GET", "/v2/monitoring/alerts")["policies"] == []
    assert [cluster.droplet_id(name) for name in cluster.members()] == before


def test_a_run_says_that_authentication_is_on_and_how_to_turn_it_off(cluster: Cluster) -> None:
    for command in ("user add root:secret", "user grant-role root root", "auth enable"):
        cluster.etcdctl(*command.split())
    cluster.configure(healthTimeoutSeconds=10)
    try:
        refused = cluster.run("pulumi", "up", "--yes", "--skip-preview")
        checked = cluster.on("etcd-server-1", "python3 -ES /etc/etcd/prepare_cluster.py recover check")
    finally:
        cluster.configure(healthTimeoutSeconds=120)
        for command in ("auth disable", "user delete root"):
            cluster.etcdctl("--user", "root:secret", *command.split())
    assert refused.returncode != 0
    assert "etcd's authentication is on, so it does not tell its state" in refused.stdout
    assert "etcdctl --user root auth disable" in refused.stdout
    assert "replace" not in refused.stdout.partition("Last observed:")[2]
    assert (
        "etcd-server-2.example.test runs etcd and follows a leader (authentication was switched on by hand"
    ) in checked
    assert checked.rstrip().endswith("set etcd:auth to false, and run pulumi up")
