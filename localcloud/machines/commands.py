"""Runs tools of the host; a failure is an error of one line."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from localcloud.machines.errors import CommandFailedError, CommandTimeoutError


def run(argv: Sequence[str | Path], *, stdin: str | None = None, timeout: float = 30.0) -> str:
    """Run a command and return its standard output.

    ``timeout`` is in seconds. Raises ``CommandFailedError`` if the command fails, takes longer or does not exist.
    """
    command = " ".join(str(argument) for argument in argv)
    try:
        result = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CommandTimeoutError(f"{command}: not finished after {timeout:g} s") from error
    except OSError as error:
        raise CommandFailedError(f"{command}: {error.strerror}") from error
    if result.returncode != 0:
        lines = (result.stderr.strip() or result.stdout.strip()).splitlines()
        last = lines[-1] if lines else "no output"
        raise CommandFailedError(f"{command}: exit status {result.returncode}: {last}")
    return result.stdout


def succeeds(argv: Sequence[str | Path]) -> bool:
    """Run a command and return whether its exit status is 0."""
    try:
        run(argv)
    except CommandFailedError:
        return False
    return True
