"""The pause before another try."""

from __future__ import annotations

import random
from collections.abc import Mapping

from components.shared.rate_limit import requested_pause

LONGEST_RESET = 3600.0
"""Seconds of the longest pause. DigitalOcean counts requests per hour, so a valid reset is never further away."""


def backoff(attempt: int, *, first: float = 1.0, longest: float = 30.0, jitter: float | None = None) -> float:
    """Seconds before try number ``attempt`` + 1. They double with each try, up to ``longest``, and half is random.

    Tests set the random part with ``jitter``, from 0 to 1.
    """
    chance = random.random() if jitter is None else jitter  # noqa: S311
    ceiling = min(longest, first * 2 ** min(attempt, 30))
    return ceiling * (0.5 + chance / 2)


def after_refusal(
    headers: Mapping[str, str], now: float, attempt: int, *, jitter: float | None = None
) -> float:
    """Seconds before another try after 429 Too Many Requests.

    ``now`` is Unix time. The random part keeps members from trying again all at the same moment.
    """
    return min(requested_pause(headers, now), LONGEST_RESET) + backoff(attempt, jitter=jitter)
