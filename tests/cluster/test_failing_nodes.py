"""A node reports a failure in one line, retries, and recovers when the cause is gone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from localcloud.cloud import LocalCloud
from localcloud.machines.errors import LocalCloudError
from localcloud.toolchain.etcd import DEFAULT_VERSION
from testbed.cluster import Cluster, wait_for, writes

MEMBER = "etcd-server-1.failing.example.test"


@pytest.fixture
def failing(cloud: LocalCloud, tmp_path: Path, cluster: Cluster) -> Iterator[Cluster]:
    """A stack of one member that is still starting."""
    assert cluster
    # The node retries after up to a minute, and the run waits for all of its failures.
    patience = {"healthTimeoutSeconds": 200}
    stack = Cluster(cloud, tmp_path, stack="failing", domain="failing.example.test", size=1, **patience)
    yield stack
    stack.destroy()


def test_a_node_names_a_dead_mirror_a_wrong_file_and_a_weak_token(
    failing: Cluster, control: httpx.Client, cloud: LocalCloud
) -> None:
    release = next(cloud.layout.releases.glob(f"v{DEFAULT_VERSION}/*.tar.gz"))
    listing = {"service": "digitalocean", "method": "GET", "path": "^/v2/droplets$"}
    mirror = {"service": "releases", "kind": "down"}
    control.put("/faults", json=[mirror])
    control.delete("/requests")
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(failing.up)
        # Pulumi lists the droplets before it creates one. From here on only the member calls the API.
        wait_for(lambda: writes(control), lambda seen: "POST /v2/droplets" in seen, "order of a droplet")
        control.put("/faults", json=[mirror, {**listing, "kind": "status", "status": 403}])
        says(failing, f"cannot install etcd {DEFAULT_VERSION}: http://203.0.113.1:8082/", "cannot be reached")
        says(failing, "403", "droplet:read")

        whole = release.read_bytes()
        release.unlink()
        release.write_bytes(b"not a release")
        control.put("/faults", json=[{**listing, "kind": "status", "status": 401}])
        says(failing, "has the wrong checksum", "expected")
        says(failing, "401")
        release.write_bytes(whole)
        control.delete("/faults")
        run.result()
    failing.etcdctl("endpoint", "health")


def says(cluster: Cluster, *parts: str) -> None:
    """Wait for a line of the member's journal with all of these parts."""

    def lines() -> list[str]:
        try:
            return cluster.journal(MEMBER, "etcd-install", "preparecluster").splitlines()
        except LocalCloudError:
            return []

    wait_for(
        lines, lambda seen: any(all(part in line for part in parts) for line in seen), f"line with {parts}"
    )
