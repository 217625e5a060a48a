"""Whether, and how long, to leave an API alone that does not answer as it should."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping

PAUSES = (1, 2, 4, 8, 15, 30)
"""Seconds before asking again where the API is busy or away: it counts requests by the minute."""

LONGEST_SECONDS = 60.0
"""What one pause takes at most: a run whose hour is used up ends and says so, it does not wait for the next hour."""


def passing(status: int) -> bool:
    """Whether an API may give another answer soon: it was busy, or failed in a way that passes (501 does not)."""
    return status == 429 or (status >= 500 and status != 501)


def before_asking_again(pause: float, headers: Mapping[str, str]) -> float:
    """Seconds to wait: ``pause``, or longer where the answer's headers say so, and up to half more.

    ``retry-after`` counts in seconds, ``ratelimit-reset`` is a Unix time (DigitalOcean API reference, rate limit);
    where both are there, the nearer one counts. The chance part keeps several runs apart.
    """
    told = [_seconds(headers.get("retry-after")), _seconds(headers.get("ratelimit-reset"), time.time())]
    nearest = min((seconds for seconds in told if seconds > 0), default=0.0)
    return max(pause, min(nearest, LONGEST_SECONDS)) * (1 + random.random() / 2)  # noqa: S311


def _seconds(text: str | None, minus: float = 0.0) -> float:
    try:
        return float(text or 0) - minus
    except ValueError:
        return 0.0
