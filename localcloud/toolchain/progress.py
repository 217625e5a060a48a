"""Shows the progress of slow work on standard error. Standard output belongs to the called command."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape

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


def say(text: str) -> None:
    """Print one line."""
    _console.print(escape(text), soft_wrap=True)


@contextmanager
def announced(work: Work) -> Generator[Callable[[str], None]]:
    """Print the start and the end of ``work``. The yielded function shows a line of output meanwhile."""
    start = time.monotonic()
    say(f"{work.title} ({work.typical}, {work.disk}, once): {work.reason}")
    if _console.is_terminal:
        with _console.status(escape(work.title)) as status:
            yield lambda line: status.update(f"{_elapsed(start)} {escape(line[: _console.width - 12])}")
    else:
        printed = start

        def show(line: str) -> None:
            nonlocal printed
            if time.monotonic() - printed >= QUIET_SECONDS:
                printed = time.monotonic()
                say(f"  {_elapsed(start)} {line}")

        yield show
    say(f"{work.title}: done in {_elapsed(start)}")


def _elapsed(start: float) -> str:
    minutes, seconds = divmod(int(time.monotonic() - start), 60)
    return f"{minutes}:{seconds:02}"
