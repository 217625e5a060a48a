"""The local cloud of these tests, and the cluster in it that they share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.cloud import LocalCloud
from testbed.cluster import Cluster
from tests.cluster.clouds import fresh_cloud


@pytest.fixture(scope="package")
def cloud() -> Iterator[LocalCloud]:
    with fresh_cloud("test") as tested:
        yield tested


@pytest.fixture(scope="package")
def cluster(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """Three members, created once. Each test leaves it healthy."""
    created = Cluster(cloud, tmp_path_factory.mktemp("shared"))
    created.up()
    return created
