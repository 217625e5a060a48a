"""Whether, and how long, to leave an API alone that does not answer as it should."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping

from components.shared.rate_limit import requested_pause

PAUSES = (1, 2, 4, 8, 15, 30)
"""Seconds before asking again where the API is busy or away: it counts requests by the minute."""

LONGEST_SECONDS = 60.0
"""What one pause takes at most: a run whose hour is used up ends and says so, it does not wait for the next hour."""


def passing(status: int) -> bool:
    """Whether an API may give another answer soon: it was busy, or failed in a way that passes (501 does not)."""
    return status == 429 or (status >= 500 and status != 501)


def before_asking_again(pause: float, headers: Mapping[str, str]) -> float:
    """Seconds to wait: ``pause``, or longer where the answer's headers say so, and up to half more.

    The random part keeps several runs apart.
    """
    asked = min(requested_pause(headers, time.time()), LONGEST_SECONDS)
    return max(pause, asked) * (1 + random.random() / 2)  # noqa: S311
