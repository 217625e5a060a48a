"""What all layers need of the process that runs them."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import settings

from localcloud.cloud import LocalCloud

# An example takes as long as the machine has other things to do.
settings.register_profile("default", deadline=None)
# A background job of a script ignores Ctrl-C, and so would every command that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def control(cloud: LocalCloud) -> Iterator[httpx.Client]:
    """The control API of the package's local cloud. Its faults end with the test."""
    with cloud.control as client:
        yield client
        client.delete("/faults")
