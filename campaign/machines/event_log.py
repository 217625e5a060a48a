"""The log of a schedule: what happened, and when, for a person."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path


class EventLog:
    """Lines with the seconds since the begin. Threads may share it. ``say`` gets each line as well."""

    def __init__(self, file: Path, say: Callable[[str], None]) -> None:
        self._file = file.open("a", encoding="utf-8")
        self._say = say
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def note(self, text: str) -> None:
        """Write one event. Only its first line has a time."""
        line = f"{time.monotonic() - self._began:7.1f}  {text}"
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()
            self._say(line)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
