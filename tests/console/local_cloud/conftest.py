"""A local cloud with a stack, and its console."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.cli.console import open_console
from localcloud.cloud import LocalCloud
from testbed.cluster import Cluster
from tests.cluster.clouds import fresh_cloud
from tests.console.local_cloud.followed import FollowedConsole


@pytest.fixture(scope="package")
def cloud() -> Iterator[LocalCloud]:
    with fresh_cloud("console") as tested:
        yield tested


@pytest.fixture(scope="package")
def stack(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """A stack without a cluster."""
    return Cluster(cloud, tmp_path_factory.mktemp("shown"))


@pytest.fixture(scope="package")
def console(stack: Cluster) -> Iterator[FollowedConsole]:
    """The console of the stack, opened before there is a cluster."""
    with FollowedConsole(open_console(stack.cloud, stack.folder, port=0)) as page:
        yield page


@pytest.fixture(scope="package")
def cluster(stack: Cluster, console: FollowedConsole) -> Cluster:
    """Three members, created while the console was open. Each test leaves it healthy."""
    stack.up()
    console.until(lambda: console.all_healthy, "three healthy members")
    return stack
