"""Restore the shared stack after a failed case, so that one failure stays one."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any

import pytest

from testbed.update import Update
from tests.lifecycle.live import Live

FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def keep_failure(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The hook ``pytest_runtest_makereport`` that keeps whether a test has failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


def mended_after(request: pytest.FixtureRequest, shared: str) -> Iterator[None]:
    """The work of a fixture: restore the stack of the fixture ``shared`` after a case that failed on it."""
    live: Live | None = request.getfixturevalue(shared) if shared in request.fixturenames else None
    settings = live.settings if live else {}
    yield
    if live is not None and request.node.stash.get(FAILED, False):
        mend(live, settings)


def mend(live: Live, settings: Mapping[str, Any]) -> None:
    """End the started runs, remove faults, restore settings, and bring all members up.

    A failure here fails the test.
    """
    for update in Update.started:
        if not update.ended:
            update.kill()
    with live.cloud.control as control:
        control.delete("/faults")
        control.put("/droplet-creation", json={"paused": False}).raise_for_status()
        control.put("/droplet-limit", json={"limit": 25}).raise_for_status()
    live.observer.order("excuse", names=[])
    live.set_all(settings)
    live.pulumi("cancel", "--yes")
    live.up()
    live.save_bundle(live.bundle)
    live.wait_up(*live.names)
