"""Shutdowns of a droplet that somebody requested from DigitalOcean: the provider, a user, or the program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

CLOCK_TOLERANCE_SECONDS = 10.0
"""A request counts up to this long before the moment in question, since the API's clock and the caller's may differ.

Program and node use the same tolerance: the node carries out a request that it blocked, and the program retries one
that the node did not carry out. A shorter one would forget requests while the operator's clock is slow. A much longer
one would take a shutdown that has already ended for a new one: a droplet needs about ten seconds to start again.
"""


def shutdown_requests(actions: Iterable[Mapping[str, Any]], since: float) -> list[float]:
    """When shutdowns were requested at ``since`` or later. All are Unix times.

    ``actions`` are the droplet's, as ``GET /v2/droplets/ID/actions`` lists them.
    """
    times = [
        datetime.fromisoformat(action["started_at"]).timestamp()
        for action in actions
        if action["type"] == "shutdown"
    ]
    return [time for time in times if time >= since - CLOCK_TOLERANCE_SECONDS]
