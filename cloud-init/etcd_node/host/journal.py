"""Lines for the journal: one on each change of what is waited for, and one in a while that it still is."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

HEARTBEAT = 60.0
"""Seconds after which an unchanged wait is repeated in the journal."""

# The prefixes are syslog levels, which the journal takes off again (sd-daemon(3)). A terminal would show them.
_INFO, _WARNING = ("<6>", "<4>") if "JOURNAL_STREAM" in os.environ else ("", "")


def say(text: str) -> None:
    """One line of normal news."""
    print(f"{_INFO}{text}", file=sys.stderr, flush=True)


def warn(text: str) -> None:
    """One line that an operator should see."""
    print(f"{_WARNING}{text}", file=sys.stderr, flush=True)


class Waiting:
    """Says what is waited for, once for each change, and again every ``HEARTBEAT`` seconds."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, write: Callable[[str], None] = warn
    ) -> None:
        self._clock = clock
        self._write = write
        self._text = ""
        self._since = self._said = clock()

    def on(self, text: str) -> None:
        """Note what is waited for now. Texts without anything that varies from try to try read best."""
        now = self._clock()
        if text != self._text:
            self._text, self._since, self._said = text, now, now
            self._write(text)
        elif now - self._said >= HEARTBEAT:
            self._said = now
            self._write(f"{text} (for {now - self._since:.0f} s)")
