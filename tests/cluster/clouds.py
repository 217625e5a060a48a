"""A separate local cloud for a test layer."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from localcloud.cli.naming import default_name
from localcloud.cloud import LocalCloud
from localcloud.machines.api_process import REQUESTS_PER_MINUTE, SHUTDOWN_SECONDS
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.prerequisites import check_host


@contextmanager
def fresh_cloud(suffix: str) -> Generator[LocalCloud]:
    """Run an empty local cloud and remove it afterwards. Skip where no machines can run; fail there in CI."""
    try:
        check_host()
    except LocalCloudError as error:
        if os.environ.get("CI"):
            pytest.fail(f"no machines here, and CI must not go without them: {error}")
        pytest.skip(f"no machines here: {error}")
    cloud = LocalCloud(f"{default_name()}-{suffix}")
    cloud.reset()
    # Runs follow each other without a pause, and actions are much faster than DigitalOcean's.
    os.environ[REQUESTS_PER_MINUTE] = "2500"
    os.environ[SHUTDOWN_SECONDS] = "15"
    cloud.start()
    try:
        yield cloud
    finally:
        cloud.reset()
