"""What all layers need of the process that runs them."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import settings

from localcloud.cloud import LocalCloud

SHARED = {
    "access": "stack",
    "cluster": "cluster",
    "drills": "drill",
    "lifecycle": "live",
    "monitoring": "cluster",
}
"""The fixture of the cluster that tests share, by their package."""

# An example takes as long as the machine has other things to do.
settings.register_profile("default", deadline=None)
# Each stand-in for a run of the program leaves many objects that live long. By default, Python looks for cycles among
# them so often that this takes a third of the time of the tests without machines.
gc.set_threshold(50_000, 20, 50)
# A background job of a script ignores Ctrl-C, and so would every command that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests that make clusters of their own before the one that the others of their package share.

    Three members without anything to do take an eighth of two processors.
    """
    folders: dict[Path, int] = {}
    for item in items:
        folders.setdefault(item.path.parent, len(folders))

    def place(item: pytest.Item) -> tuple[int, bool]:
        folder = item.path.parent
        shared = SHARED.get(folder.name) if folder.parent == Path(__file__).parent else None
        return folders[folder], shared in getattr(item, "fixturenames", ())

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Leave what the imports and the collection have made out of the searches for cycles, since it lives until the end.

    That saves an eighth of the processor's time of the tests without machines.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def control(cloud: LocalCloud) -> Iterator[httpx.Client]:
    """The control API of the package's local cloud. Its faults end with the test."""
    with cloud.control as client:
        yield client
        client.delete("/faults")
