"""Lines for the journal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

REPEAT_INTERVAL = 60.0
"""Seconds after which an unchanged reason is logged again."""

# The prefixes are syslog levels. The journal removes them (sd-daemon(3)), but a terminal would show them.
_INFO, _WARNING = ("<6>", "<4>") if "JOURNAL_STREAM" in os.environ else ("", "")


def say(text: str) -> None:
    """Log a line at level info."""
    print(f"{_INFO}{text}", file=sys.stderr, flush=True)


def warn(text: str) -> None:
    """Log a line at level warning: an operator should read it."""
    print(f"{_WARNING}{text}", file=sys.stderr, flush=True)


class WaitLog:
    """Logs the reason of a wait when it changes, and again every ``REPEAT_INTERVAL`` seconds."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, write: Callable[[str], None] = warn
    ) -> None:
        self._clock = clock
        self._write = write
        self._text = ""
        self._since = self._logged = clock()

    def report(self, text: str) -> None:
        """Log the current reason if it is new. It should have no detail that changes with each try."""
        now = self._clock()
        if text != self._text:
            self._text, self._since, self._logged = text, now, now
            self._write(text)
        elif now - self._logged >= REPEAT_INTERVAL:
            self._logged = now
            self._write(f"{text} (for {now - self._since:.0f} s)")
