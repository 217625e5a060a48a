"""Bad configuration is refused before any resource is registered and any API is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from localcloud.cloud import LocalCloud
from localcloud.tokens import DIGITALOCEAN_TOKEN, DISCOVERY_TOKEN, SCOPELESS_TOKEN
from testbed.cluster import UP_LIMIT, Cluster, writes


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"size": 4}, "etcd:size is 4: use an odd number from 1 to 9"),
        ({"sise": 5}, "etcd:sise is set, and there is no such key: set etcd:size instead"),
        ({"domain": "example.org"}, "etcd:domain is example.org: it is not in the zone example.test"),
        ({"discoveryToken": None}, "etcd:discoveryToken is not set: create a DigitalOcean token"),
        ({"sshCidrs": ["0.0.0.0/0"]}, "port 22 is never opened to the whole internet"),
        ({"clientCidrs": ["198.51.100.0/33"]}, "etcd:clientCidrs[0] is 198.51.100.0/33"),
        (
            {"version": "3.6.99", "releaseSha256": None},
            "etcd:version is 3.6.99: this program knows only the checksums of 3.5.32, ",
        ),
        (
            {"version": "3.7.3", "extraFlags": ["experimental-corrupt-check-time=1h"]},
            "etcd 3.7 does not know experimental-corrupt-check-time: write corrupt-check-time=1h instead",
        ),
        ({"certificateValidityHours": 720}, "etcd:certificateValidityHours is 720: it must be longer than"),
    ],
)
def test_a_bad_value_is_refused_with_advice_and_registers_nothing(
    cloud: LocalCloud, tmp_path: Path, control: httpx.Client, config: dict[str, Any], error: str
) -> None:
    cluster = Cluster(cloud, tmp_path, stack="refused", **config)
    control.delete("/requests")
    result = cluster.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", limit=UP_LIMIT)
    assert result.returncode != 0
    assert error in result.stdout
    assert "Traceback" not in result.stdout
    assert DIGITALOCEAN_TOKEN not in result.stdout
    assert DISCOVERY_TOKEN not in result.stdout
    assert writes(control) == []
    assert registered(cluster) == ["pulumi:pulumi:Stack"]


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (
            SCOPELESS_TOKEN,
            "403 to the listing of droplets: the token lacks the scope droplet:read or tag:read",
        ),
        (
            "localcloud-mistyped",
            "401 to the listing of droplets: the token is not valid, or not valid any more",
        ),
    ],
    ids=["no scopes", "no token"],
)
def test_a_discovery_token_that_cannot_read_is_refused_before_any_change(
    cloud: LocalCloud, tmp_path: Path, control: httpx.Client, token: str, error: str
) -> None:
    cluster = Cluster(cloud, tmp_path, stack="refused", discoveryToken=token)
    control.delete("/requests")
    result = cluster.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", limit=UP_LIMIT)
    assert result.returncode != 0
    assert error in result.stdout
    assert "etcd:discoveryToken" in result.stdout
    assert token not in result.stdout
    assert "Traceback" not in result.stdout
    assert writes(control) == []
    cluster.destroy()


def registered(cluster: Cluster) -> list[str]:
    """Types of the resources in the stack's state."""
    deployment = json.loads(cluster.pulumi("stack", "export"))["deployment"]
    return [resource["type"] for resource in deployment.get("resources", [])]
