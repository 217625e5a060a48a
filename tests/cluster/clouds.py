"""A local cloud of a test layer's own."""

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
    """A running local cloud without anything in it, which is removed afterwards; skips where none can be."""
    try:
        check_host()
    except LocalCloudError as error:
        if os.environ.get("CI"):
            pytest.fail(f"no machines here, and CI must not go without them: {error}")
        pytest.skip(f"no machines here: {error}")
    cloud = LocalCloud(f"{default_name()}-{suffix}")
    cloud.reset()
    # One run follows on another without a pause, and what takes DigitalOcean a minute takes a second here.
    os.environ[REQUESTS_PER_MINUTE] = "2500"
    os.environ[SHUTDOWN_SECONDS] = "15"
    cloud.start()
    try:
        yield cloud
    finally:
        cloud.reset()
