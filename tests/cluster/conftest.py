"""A local cloud of the tests' own, and one cluster in it that the tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from localcloud.cli.naming import default_name
from localcloud.cloud import LocalCloud
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.prerequisites import check_host
from tests.cluster.cluster import Cluster


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    try:
        check_host()
    except LocalCloudError as error:
        if os.environ.get("CI"):
            pytest.fail(f"no machines here, and CI must not go without them: {error}")
        pytest.skip(f"no machines here: {error}")
    tested = LocalCloud(f"{default_name()}-test")
    tested.reset()
    tested.start()
    yield tested
    tested.reset()


@pytest.fixture
def control(cloud: LocalCloud) -> Iterator[httpx.Client]:
    with cloud.control as client:
        yield client
        client.delete("/faults")


@pytest.fixture(scope="session")
def cluster(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """Three members, founded once. A test leaves it healthy."""
    founded = Cluster(cloud, tmp_path_factory.mktemp("shared"))
    founded.up()
    return founded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for a project."""
    return tmp_path
