"""How long to wait before another try."""

from __future__ import annotations

import random
from collections.abc import Mapping

LONGEST_RESET = 3600.0
"""Seconds. DigitalOcean's rate limit counts requests per hour, so no honest reset is further away."""


def backoff(attempt: int, *, first: float = 1.0, longest: float = 30.0, jitter: float | None = None) -> float:
    """Seconds before try number ``attempt`` + 1: doubled each time, up to ``longest``, half of it by chance.

    ``jitter``, from 0 to 1, stands for the chance in tests.
    """
    chance = random.random() if jitter is None else jitter  # noqa: S311
    ceiling = min(longest, first * 2 ** min(attempt, 30))
    return ceiling * (0.5 + chance / 2)


def after_refusal(
    headers: Mapping[str, str], now: float, attempt: int, *, jitter: float | None = None
) -> float:
    """Seconds before another try after 429 Too Many Requests.

    ``retry-after`` counts in seconds, ``ratelimit-reset`` is a Unix time (DigitalOcean API reference, rate limit);
    ``now`` is the Unix time. The chance part keeps members from all coming back in the same moment.
    """
    chance = backoff(attempt, jitter=jitter)
    told = [_number(headers.get("retry-after")), _number(headers.get("ratelimit-reset"), now)]
    known = [seconds for seconds in told if seconds is not None and seconds > 0]
    # Where both are given, the nearer one: retry-after is for the burst limit, the reset for the hour's.
    return min(min(known, default=0.0), LONGEST_RESET) + chance


def _number(text: str | None, minus: float = 0.0) -> float | None:
    try:
        return None if text is None else float(text) - minus
    except ValueError:
        return None
