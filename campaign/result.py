"""The last line of a campaign."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Result:
    """What came of the schedules until now."""

    schedules: int = 0
    failed: int = 0
    lost: int = 0
    """How many of them lost an acknowledged write."""

    linearizable: int = 0
    """How many of them are proven to be linearizable."""

    def add(self, *, failed: bool, lost: bool, linearizable: bool) -> None:
        """Count one schedule."""
        self.schedules += 1
        self.failed += failed
        self.lost += lost
        self.linearizable += linearizable

    def line(self) -> str:
        """The line that a campaign ends with."""
        return f"schedules={self.schedules} failed={self.failed} lost={self.lost} linearizable={self.linearizable}"
