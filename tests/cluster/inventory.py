"""Everything that exists in a local cloud."""

from __future__ import annotations

from testbed.cluster import Cluster

LISTINGS = {
    "droplets": "droplets",
    "volumes": "volumes",
    "vpcs": "vpcs",
    "firewalls": "firewalls",
    "tags": "tags",
    "account/keys": "ssh_keys",
}
"""Paths of the DigitalOcean API and the keys of their lists."""


def inventory(cluster: Cluster) -> dict[str, list[str]]:
    """Everything in both APIs, among the machines and on the disk."""
    found = {
        path: sorted(item["name"] for item in cluster.digitalocean("GET", f"/v2/{path}")[key])
        for path, key in LISTINGS.items()
    }
    policies = cluster.digitalocean("GET", "/v2/monitoring/alerts")["policies"]
    status = cluster.cloud.status()
    return {
        **found,
        "policies": sorted(policy["description"] for policy in policies),
        "machines": sorted(machine.name for machine in status.machines),
        "records": sorted(status.records),
        "disks": sorted(path.name for path in cluster.cloud.layout.volumes.glob("*")),
    }
