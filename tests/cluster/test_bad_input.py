"""Bad configuration is refused before anything is registered or asked of an API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from localcloud.cloud import LocalCloud
from tests.cluster.cluster import UP_LIMIT, Cluster, writes


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"size": 4}, "etcd:size is 4: use an odd number from 1 to 9"),
        ({"domain": "example.org"}, "etcd:domain is example.org: it is not in the zone example.test"),
        ({"discoveryToken": None}, "etcd:discoveryToken is not set: create a DigitalOcean token"),
        ({"sshCidrs": ["0.0.0.0/0"]}, "port 22 is never opened to the whole internet"),
    ],
)
def test_a_run_with_a_bad_value_says_what_to_do_and_touches_nothing(
    cloud: LocalCloud, tmp_path: Path, control: httpx.Client, config: dict[str, Any], error: str
) -> None:
    cluster = Cluster(cloud, tmp_path, stack="refused", **config)
    control.delete("/requests")
    result = cluster.run("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", limit=UP_LIMIT)
    assert result.returncode != 0
    assert error in result.stdout
    assert "Traceback" not in result.stdout
    assert "dop_v1_" not in result.stdout
    assert writes(control) == []
