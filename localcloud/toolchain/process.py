"""Runs slow commands that install or build tools."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event, Lock, Timer

from localcloud.toolchain.errors import ToolchainError

TAIL_LINES = 20
"""The number of lines of a failed command's output that the error contains."""

STOP_SECONDS = 10.0
"""Seconds after which a command that was asked to end is killed."""

_running: set[subprocess.Popen[str]] = set()
_starting = Lock()
_stopped = Event()


def run(
    argv: Sequence[str | Path],
    *,
    show: Callable[[str], None],
    limit: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run a command to its end, and pass each line of its output to ``show``.

    The command has its own process group, which is ended with it, and if this process is interrupted. Raises
    ``ToolchainError`` if the command cannot be started, and with the last lines of output if it fails or takes more
    than ``limit`` seconds.
    """
    command = shlex.join(str(part) for part in argv)
    with _starting:
        check_allowed(f"`{command}`")
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env=env,
                cwd=cwd,
                process_group=0,
            )
        except FileNotFoundError as error:
            raise ToolchainError(
                f"`{command}` cannot be started: {error.filename} is not installed"
            ) from error
        except PermissionError as error:
            raise ToolchainError(
                f"`{command}` cannot be started: this user cannot execute {error.filename}. If its file system is "
                "mounted with noexec, set XDG_CACHE_HOME to a folder on another one"
            ) from error
        _running.add(process)
    late = False

    def on_limit() -> None:
        nonlocal late
        late = True
        _end(process)

    timer = Timer(limit, on_limit)
    timer.start()
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    try:
        for line in process.stdout or ():
            tail.append(line.rstrip())
            show(tail[-1])
        code = process.wait()
    finally:
        timer.cancel()
        _end(process)
        _running.discard(process)
    if late:
        raise ToolchainError(
            f"`{command}` took more than {limit:.0f} s. Its last output:\n" + "\n".join(tail)
        )
    if code:
        raise ToolchainError(
            f"`{command}` failed with exit code {code}. Its last output:\n" + "\n".join(tail)
        )


def stop_commands() -> None:
    """End the commands that other threads run. ``run`` starts no more of them, until ``allow_commands``."""
    with _starting:
        _stopped.set()
        running = list(_running)
    for process in running:
        _end(process)


def check_allowed(what: str) -> None:
    """Raise ``ToolchainError`` after ``stop_commands``. Whoever waits for another process asks again and again."""
    if _stopped.is_set():
        raise ToolchainError(f"{what} was not begun, because other work failed or was interrupted")


def allow_commands() -> None:
    """Let ``run`` start commands again."""
    _stopped.clear()


def _end(process: subprocess.Popen[str]) -> None:
    """End the command's process group, first with SIGTERM, then with SIGKILL."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
