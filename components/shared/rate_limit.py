"""What the headers of a DigitalOcean answer say about the next request."""

from __future__ import annotations

from collections.abc import Mapping


def requested_pause(headers: Mapping[str, str], now: float) -> float:
    """Seconds to wait before the next request, or 0 where the headers ask for no pause.

    ``headers`` have lower-case names; ``now`` is Unix time. ``retry-after`` counts in seconds, ``ratelimit-reset`` is a
    Unix time (DigitalOcean API reference, rate limit). Where both are given, ``retry-after`` counts:
    ``ratelimit-reset`` is the time when the oldest request of the last hour expires. It says nothing of the limit of a
    minute, and in steady use it is seconds away.
    """
    after = headers.get("retry-after")
    asked = _number(after) if after else _number(headers.get("ratelimit-reset")) - now
    return max(asked, 0.0)


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
