"""Fixtures for tests with real machines, which need root on Linux. Every local cloud is removed after its test."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator

import pytest

from localcloud.cloud import LocalCloud
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.prerequisites import check_host

from .lab import Lab

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def host() -> None:
    """Skip the test with the reason if machines cannot run here; fail it in CI."""
    try:
        check_host()
    except LocalCloudError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def make_cloud(host: None) -> Iterator[Callable[[], LocalCloud]]:
    made: list[LocalCloud] = []

    def make() -> LocalCloud:
        cloud = LocalCloud(f"test-{os.getpid()}-{next(_numbers)}")
        made.append(cloud)
        return cloud

    yield make
    for cloud in made:
        cloud.reset()


@pytest.fixture(scope="module")
def lab(make_cloud: Callable[[], LocalCloud]) -> Lab:
    return Lab(make_cloud())
