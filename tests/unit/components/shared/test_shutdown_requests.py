"""Which of a droplet's actions are shutdown requests of this moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from components.shared.shutdown_requests import CLOCK_TOLERANCE_SECONDS, shutdown_requests

SINCE = 1_000.0


def action(kind: str, seconds: float) -> dict[str, Any]:
    started = datetime.fromtimestamp(SINCE + seconds, UTC)
    return {"type": kind, "started_at": started.strftime("%Y-%m-%dT%H:%M:%SZ")}


@pytest.mark.parametrize(
    ("actions", "requests"),
    [
        ([], []),
        ([action("shutdown", 0)], [SINCE]),
        ([action("shutdown", 60), action("shutdown", 5)], [SINCE + 60, SINCE + 5]),
        ([action("reboot", 5), action("power_off", 6)], []),
        ([action("shutdown", -CLOCK_TOLERANCE_SECONDS)], [SINCE - CLOCK_TOLERANCE_SECONDS]),
        ([action("shutdown", -CLOCK_TOLERANCE_SECONDS - 1)], []),
    ],
)
def test_only_recent_shutdowns_count(actions: list[dict[str, Any]], requests: list[float]) -> None:
    assert shutdown_requests(actions, SINCE) == requests
