"""How long this machine itself stalled, measured by a thread that sleeps and syncs one byte to the disk.

All members share one processor and one disk, so a stall of these stalls the whole cluster.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

USUAL = 0.1
"""Seconds of delay that do not count: syncs of a busy machine are slow."""
PAUSE = 0.05
"""Seconds between two syncs. The byte is overwritten in place, so that no metadata is written."""


class Standstill:
    """Delays longer than ``USUAL``; ``folder`` is on the disk of the members."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - for as long as the process lives
        self._file.write(b"x")
        self._file.flush()
        os.fsync(self._file)
        self._lock = threading.Lock()
        self._due = time.monotonic() + PAUSE
        self._delays: deque[tuple[float, float]] = deque(maxlen=1000)

    def watch(self) -> None:
        """Never returns."""
        while True:
            time.sleep(PAUSE)
            os.pwrite(self._file.fileno(), b"x", 0)
            os.fdatasync(self._file)
            self.note(time.monotonic())

    def note(self, now: float) -> None:
        """Record the end of a sleep and a sync."""
        with self._lock:
            if now > self._due + USUAL:
                self._delays.append((self._due, now))
            self._due = now + PAUSE

    def within(self, begin: float, end: float) -> float:
        """Seconds of standstill between two moments of the monotonic clock.

        A standstill that has not ended counts.
        """
        with self._lock:
            delays = [*self._delays]
            if end > self._due + USUAL:
                delays.append((self._due, end))
        return sum(max(0.0, min(end, last) - max(begin, first)) for first, last in delays)
