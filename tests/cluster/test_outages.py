"""The cluster survives outages, lost machines and lost disks."""

from __future__ import annotations

import subprocess

import httpx

from localcloud.cloud import LocalCloud
from localcloud.machines.cgroups import Cgroup
from localcloud.machines.errors import LocalCloudError
from testbed.cluster import Cluster, wait_for

DATA = "/var/lib/etcd/data"


def test_rebooted_members_keep_their_data_while_apis_and_dns_are_down(
    cluster: Cluster, cloud: LocalCloud, control: httpx.Client
) -> None:
    cluster.etcdctl("put", "/outage/all", "kept")
    members = cluster.members()
    before = {member: cluster.on(member, "systemctl show -P UserspaceTimestamp") for member in members}
    # The mirror as well: a member that has installed etcd must not need it again.
    services = ("digitalocean", "cloudflare", "metadata", "releases")
    control.put("/faults", json=[{"service": service, "kind": "down"} for service in services])
    (Cgroup(cloud.layout.cgroup) / "dnsmasq").remove()
    for member in members:
        # From the second on, each blocks its shutdown, since the one before is down.
        cluster.on(member, "systemctl start reboot.target --job-mode=replace-irreversibly --no-block")
    for member in members:
        wait_for(
            lambda name=member: healthy_since(cluster, name),
            lambda seen, earlier=before[member]: seen not in ("", earlier),
            f"healthy {member} after its reboot",
        )
    control.delete("/faults")
    cloud.start()
    assert cluster.etcdctl("get", "/outage/all", "--print-value-only") == "kept\n"


def test_a_droplet_deleted_outside_is_recreated_with_its_data(cluster: Cluster) -> None:
    cluster.etcdctl("put", "/outage/droplet", "kept")
    gone = cluster.droplet_id("etcd-server-2.example.test")
    cluster.digitalocean("DELETE", f"/v2/droplets/{gone}")
    cluster.up("--refresh")
    assert cluster.droplet_id("etcd-server-2.example.test") != gone
    cluster.etcdctl("endpoint", "health", "--cluster")
    assert (
        cluster.on("etcd-server-2", "journalctl -u etcd | grep -c 'restarting local member' || true") != "0\n"
    )
    assert cluster.etcdctl("get", "/outage/droplet", "--print-value-only") == "kept\n"
    cluster.up("--expect-no-changes")


def test_a_member_whose_data_was_wiped_rejoins_by_itself(cluster: Cluster) -> None:
    cluster.etcdctl("put", "/outage/disk", "kept")
    cluster.on("etcd-server-3", f"systemctl stop etcd && rm -rf {DATA}/* && systemctl reboot --no-block")
    wait_for(
        lambda: cluster.run("etcdctl", "endpoint", "health", "--cluster"),
        lambda result: result.stdout.count("is healthy") == 3,
        "three healthy members",
    )
    members = cluster.etcdctl("member", "list")
    assert members.count("started") == 3
    assert "true" not in members
    local = (
        "etcdctl --endpoints=https://etcd-server-3.example.test:2379 --cacert=/etc/etcd/ca.pem "
        "--cert=/etc/etcd/server.pem --key=/etc/etcd/server-key.pem get --consistency=s --print-value-only /outage/disk"
    )
    assert cluster.on("etcd-server-3", local) == "kept\n"


def healthy_since(cluster: Cluster, member: str) -> str:
    """When the member's machine booted, once its etcd is healthy. Empty before that."""
    look = "curl -sf -m 3 http://127.0.0.1:2381/health >/dev/null && systemctl show -P UserspaceTimestamp"
    try:
        result = cluster.cloud.exec(member, ["sh", "-c", look], capture_output=True, text=True, timeout=8)
    except (LocalCloudError, subprocess.TimeoutExpired):
        # A command that enters a machine during its shutdown may never return.
        return ""
    return result.stdout if result.returncode == 0 else ""
