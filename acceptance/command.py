"""Runs a command, shows its lines while it runs, and interrupts it with this program."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

INTERRUPT_SECONDS = 420.0
"""Seconds that an interrupted command has to end. ``pulumi`` finishes the operations that it has begun."""


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    output: str
    """What it printed on both of its outputs."""
    seconds: float


def run(argv: Sequence[str], folder: Path, show: Callable[[str], None], *, limit: float) -> Result:
    """Run a command in ``folder``, and pass each line of its output to ``show``.

    After ``limit`` seconds, and when this program is interrupted, the command gets SIGINT. An interruption of this
    program is raised again as ``KeyboardInterrupt`` when the command has ended.
    """
    began, lines = monotonic(), list[str]()
    # A session of its own: Ctrl-C in the terminal reaches this program alone, which passes it on once.
    with subprocess.Popen(
        argv,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as child:
        timer = threading.Timer(limit, _interrupt, [child])
        timer.start()
        try:
            _read(child, lines, show)
        except KeyboardInterrupt:
            show("interrupted: waiting for the end of what the command has begun")
            _interrupt(child)
            last = threading.Timer(INTERRUPT_SECONDS, _kill, [child])
            last.start()
            try:
                _read(child, lines, show)
            finally:
                last.cancel()
            raise
        finally:
            timer.cancel()
        code = child.wait()
    if (seconds := monotonic() - began) >= limit:
        lines.append(f"it did not end within {limit:.0f} s, and was interrupted")
    return Result(code, "\n".join(lines), seconds)


def _read(child: subprocess.Popen[str], lines: list[str], show: Callable[[str], None]) -> None:
    for line in child.stdout or ():
        lines.append(line.rstrip("\n"))
        show(lines[-1])


def _interrupt(child: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGINT)


def _kill(child: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
