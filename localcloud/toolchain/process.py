"""Running the slow tools that build other tools."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Timer

from localcloud.toolchain.errors import ToolchainError

TAIL_LINES = 20
"""Lines of a failed command's output that its error repeats."""

STOP_SECONDS = 10.0
"""What a command gets to end by itself before it is killed."""


def run(
    argv: Sequence[str | Path],
    *,
    show: Callable[[str], None],
    limit: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run a command to its end, passing each line of its output to ``show``.

    It runs in a process group of its own, which is ended with it: also when this process is interrupted.
    Raises ``ToolchainError`` with the end of the output when it fails or takes more than ``limit`` seconds.
    """
    command = shlex.join(str(part) for part in argv)
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
        raise ToolchainError(f"`{command}` cannot be started: {error.filename} is not installed") from error
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
    if late:
        raise ToolchainError(f"`{command}` took more than {limit:.0f} s; last seen:\n" + "\n".join(tail))
    if code:
        raise ToolchainError(f"`{command}` failed with exit code {code}:\n" + "\n".join(tail))


def _end(process: subprocess.Popen[str]) -> None:
    """End the command's whole process group, gently first."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
