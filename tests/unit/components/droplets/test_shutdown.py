"""Which action brings a droplet down whose shutdown was requested."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from components.droplets.shutdown import next_shutdown_action

BEGAN = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
SHUTDOWN = {"type": "shutdown", "status": "errored", "started_at": "2026-01-01T00:00:00Z"}
REPEATED = {**SHUTDOWN, "started_at": "2026-01-01T00:01:00Z"}
SNAPSHOT = {"type": "snapshot", "status": "in-progress", "started_at": "2026-01-01T00:00:00Z"}
MADE = {"type": "snapshot", "status": "completed", "started_at": "2025-12-31T23:59:30Z"}


@pytest.mark.parametrize(
    ("actions", "after", "pushed"),
    [
        ([SHUTDOWN], 60, True),
        ([], 60, False),
        ([SNAPSHOT, SHUTDOWN], 60, False),
        ([{**SHUTDOWN, "status": "in-progress"}], 60, False),
        ([SHUTDOWN], 199, True),
        ([SHUTDOWN], 201, False),
        ([REPEATED, SHUTDOWN], 199, True),
        ([REPEATED, SHUTDOWN], 201, False),
        ([SHUTDOWN, {**MADE, "completed_at": "2025-12-31T23:59:58Z"}], 169, True),
        ([SHUTDOWN, {**MADE, "completed_at": "2025-12-31T23:59:58Z"}], 171, False),
        ([SHUTDOWN, {**MADE, "completed_at": "2025-12-31T23:59:40Z"}], 199, True),
    ],
    ids=[
        "the shutdown has failed",
        "nobody has asked",
        "something else is under way",
        "the shutdown is under way",
        "in time",
        "too late for this run",
        "once more in time",
        "the provider waits since the first",
        "in time after a wait for an unlocked droplet",
        "too late after a wait for an unlocked droplet",
        "in time after an action that ended long before",
    ],
)
@pytest.mark.parametrize(("unresponsive", "by"), [(False, "shutdown"), (True, "power_off")])
def test_the_states_in_which_a_shutdown_is_retried(
    actions: list[Any], after: int, pushed: bool, unresponsive: bool, by: str
) -> None:
    wanted = next_shutdown_action(
        actions, since=BEGAN - 60, now=BEGAN + after, limit=300, unresponsive=unresponsive
    )
    assert wanted == (by if pushed else "")


@pytest.mark.parametrize(("after", "pushed"), [(9, True), (11, False)])
def test_a_short_time_limit_leaves_half_of_it_for_retries(after: int, pushed: bool) -> None:
    wanted = next_shutdown_action([SHUTDOWN], since=BEGAN, now=BEGAN + after, limit=20, unresponsive=False)
    assert bool(wanted) == pushed
