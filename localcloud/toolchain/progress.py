"""Shows the progress of slow work on standard error. Standard output belongs to the called command."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from rich.console import Console
from rich.markup import escape
from rich.status import Status

QUIET_SECONDS = 30.0
"""Seconds between two lines of progress without a terminal, so that a log shows progress but not all output."""

_console = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Work:
    """The announcement of slow work."""

    title: str
    """The kind of work, for example ``Building etcd 3.6.14``."""
    reason: str
    """The reason for the work, and for its duration."""
    typical: str
    """The usual duration, for example ``about a minute on 2 cores``."""
    disk: str
    """The space that it takes on disk with all that it downloads, for example ``300 MB``."""


class _Spinner:
    """The last output of each work that goes on, in a line of its own at the end of the terminal."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lines: dict[Work, str] = {}
        self._status: Status | None = None

    def show(self, work: Work, line: str) -> None:
        """Replace the line of one work."""
        with self._lock:
            self._lines[work] = line[: _console.width - 4]
            self._draw()

    def remove(self, work: Work) -> None:
        """Remove the line of a work that has ended."""
        with self._lock:
            del self._lines[work]
            self._draw()

    def _draw(self) -> None:
        if not self._lines:
            if self._status is not None:
                self._status.stop()
            self._status = None
            return
        if self._status is None:
            self._status = _console.status("")
            self._status.start()
        self._status.update(escape("\n".join(self._lines.values())))


_spinner = _Spinner()


def say(text: str) -> None:
    """Print one line."""
    _console.print(escape(text), soft_wrap=True)


@contextmanager
def announced(work: Work) -> Generator[Callable[[str], None]]:
    """Print the start and the end of ``work``. The yielded function shows a line of output meanwhile."""
    start = time.monotonic()
    say(f"{work.title} ({work.typical}, {work.disk}, once): {work.reason}")
    if _console.is_terminal:
        _spinner.show(work, work.title)
        try:
            yield lambda line: _spinner.show(work, f"{work.title} {_elapsed(start)} {line}")
        finally:
            _spinner.remove(work)
    else:
        printed = start

        def show(line: str) -> None:
            nonlocal printed
            if time.monotonic() - printed >= QUIET_SECONDS:
                printed = time.monotonic()
                say(f"  {work.title} {_elapsed(start)}: {line}")

        yield show
    say(f"{work.title}: done in {_elapsed(start)}")


def _elapsed(start: float) -> str:
    minutes, seconds = divmod(int(time.monotonic() - start), 60)
    return f"{minutes}:{seconds:02}"
