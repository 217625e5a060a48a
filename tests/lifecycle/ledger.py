"""Which numbered values were acknowledged, which must be retried, and how long writes stalled."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Period:
    """The figures since the last ``mark``."""

    first: int
    """The first number that had not been acknowledged when it began."""
    acknowledged: int = 0
    failed: int = 0
    """Attempts without an acknowledgement, whatever their result."""
    retried: int = 0
    """Attempts with a number that had been tried before."""
    stall: float = 0.0
    """Seconds: the longest time without an acknowledgement."""
    stall_at: float = 0.0
    """When it ended, in seconds since the epoch."""
    own_stall: float = 0.0
    """Seconds: the longest such time, without the standstills of this machine."""


class Ledger:
    """Shared by the workers. A number stays the same until it is acknowledged, however often it is tried.

    ``stood_still`` returns the seconds of standstill between two moments of the monotonic clock.
    """

    def __init__(self, stood_still: Callable[[float, float], float] = lambda _begin, _end: 0.0) -> None:
        self._stood_still = stood_still
        self._lock = threading.Lock()
        self._next = 1
        self._owed: deque[int] = deque()
        self._last = time.monotonic()
        self._acknowledged: set[int] = set()
        self._period = Period(first=1)

    def take(self) -> int:
        """The number to write next: one that must be retried, else a new one."""
        with self._lock:
            if self._owed:
                self._period.retried += 1
                return self._owed.popleft()
            self._next += 1
            return self._next - 1

    def fail(self, number: int) -> None:
        """Record a failed attempt: the number must be retried."""
        with self._lock:
            self._period.failed += 1
            self._owed.append(number)

    def acknowledge(self, number: int) -> None:
        """The attempt was acknowledged."""
        with self._lock:
            self._end_stall()
            self._acknowledged.add(number)
            self._period.acknowledged += 1

    def mark(self) -> None:
        """Begin a new period."""
        with self._lock:
            self._last = time.monotonic()
            self._period = Period(first=min([self._next, *self._owed]))

    def period(self) -> Period:
        """The figures so far; a stall that still lasts counts."""
        with self._lock:
            last = self._last
            self._end_stall()
            self._last = last
            return self._period

    def acknowledged(self, first: int = 1) -> set[int]:
        """The acknowledged numbers from ``first`` on."""
        with self._lock:
            return {number for number in self._acknowledged if number >= first}

    def _end_stall(self) -> None:
        now = time.monotonic()
        length = now - self._last
        if length > self._period.stall:
            self._period.stall, self._period.stall_at = length, time.time()
        if length > self._period.own_stall:
            own = length - self._stood_still(self._last, now)
            self._period.own_stall = max(self._period.own_stall, own)
        self._last = now
