"""Compares this machine's clock with that of an API, by the header ``Date`` of its answers.

Certificates get their dates from this machine's clock. If it is ahead, members reject new certificates as not yet
valid. If it is behind, they expire too early, and are renewed too late.
"""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

CERTIFICATE_TOLERANCE_SECONDS = 10.0
"""By how much this machine's clock may be wrong while it issues certificates.

They are then valid before their member asks for them: a new droplet needs about ten seconds to start.
"""


def answered_at(date: str | None) -> float | None:
    """The Unix time in an answer's header ``Date``; ``None`` if there is none."""
    try:
        return parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return None


class ApiClock:
    """How far this machine's clock is ahead of an API's. Each answer narrows it down."""

    def __init__(self, api: object) -> None:
        """``api`` is how people know the API."""
        self._api = api
        self._least = -math.inf
        self._most = math.inf

    def note(self, date: str | None, *, sent: float, received: float) -> None:
        """Learn from one answer: its header ``Date``, and when it was asked for and came, as Unix times.

        The header has whole seconds.
        """
        if (answered := answered_at(date)) is None:
            return
        self._least = max(self._least, sent - answered - 1)
        self._most = min(self._most, received - answered)

    @property
    def ahead(self) -> float:
        """Seconds by which this machine's clock is surely ahead of the API's; negative if it is behind."""
        return max(self._least, 0.0) + min(self._most, 0.0)

    def api_time(self, moment: float) -> float:
        """The Unix time that the API's clock showed when this machine's clock showed ``moment``."""
        return moment - self.ahead

    def now(self) -> datetime:
        """The present by the API's clock."""
        return datetime.fromtimestamp(self.api_time(time.time()), UTC)

    @property
    def problem(self) -> str:
        """By how much the clocks surely differ, if that is too much to issue certificates; else empty."""
        if self._least > CERTIFICATE_TOLERANCE_SECONDS:
            difference, direction = self._least, "ahead of"
        elif self._most < -CERTIFICATE_TOLERANCE_SECONDS:
            difference, direction = -self._most, "behind"
        else:
            return ""
        return (
            f"this machine's clock is {timedelta(seconds=round(difference))} {direction} that of {self._api} (its "
            "header Date). Set it right, for example by timedatectl set-ntp true, and run pulumi up again"
        )
