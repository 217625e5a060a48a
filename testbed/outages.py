"""How many members were down at one moment, without those that are excused."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field

Change = tuple[float, list[str], list[str], list[str]]
"""A time of the monotonic clock. From then on: members that should be up, that answer, and whose machine is on."""


@dataclass
class Outages:
    """The observations of one period."""

    expected: set[str] = field(default_factory=set[str])
    """Members that should be up: those that exist before an operation and after it."""
    excused: set[str] = field(default_factory=set[str])
    """Members that somebody broke on purpose."""
    max_down: int = 0
    down_at: tuple[float, list[str]] = (0.0, [])
    """When the most members were down, and which."""
    max_off: int = 0
    """The most members without a running machine at one moment."""
    clusters: set[str] = field(default_factory=set[str])
    changes: list[Change] = field(default_factory=list[Change])
    """Each change since the observer was started."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def observe(self, answering: Collection[str], running: Collection[str]) -> None:
        """Record one observation: members that answer as voters, and members whose machine is on."""
        with self.lock:
            seen = sorted(self.expected), sorted(answering), sorted(running)
            if not self.changes or seen != self.changes[-1][1:]:
                self.changes.append((time.monotonic(), *seen))
            down = self.down(answering)
            if len(down) > self.max_down:
                self.max_down, self.down_at = len(down), (time.time(), down)
            self.max_off = max(self.max_off, len(self.down(running)))

    def down(self, answering: Collection[str]) -> list[str]:
        """Members that are not among these, and should be."""
        return sorted(self.expected - self.excused - set(answering))

    def mark(self) -> None:
        """Begin a new period."""
        with self.lock:
            self.max_down, self.down_at, self.max_off = 0, (0.0, []), 0
            self.clusters = set()
