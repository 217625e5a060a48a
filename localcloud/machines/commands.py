"""Runs the host's tools and says what went wrong in one line."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from localcloud.machines.errors import CommandFailedError


def run(argv: Sequence[str | Path], *, stdin: str | None = None, timeout: float = 30.0) -> str:
    """What the command writes to its standard output.

    ``timeout`` is in seconds. Raises ``CommandFailedError`` when the command fails, takes longer or is not
    there.
    """
    command = " ".join(str(argument) for argument in argv)
    try:
        result = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailedError(f"{command}: no end after {timeout:g} s") from error
    except OSError as error:
        raise CommandFailedError(f"{command}: {error.strerror}") from error
    if result.returncode != 0:
        said = (result.stderr.strip() or result.stdout.strip()).splitlines()
        last = said[-1] if said else "it said nothing"
        raise CommandFailedError(f"{command}: exit status {result.returncode}: {last}")
    return result.stdout


def succeeds(argv: Sequence[str | Path], *, timeout: float = 30.0) -> bool:
    """Whether the command ends with exit status 0."""
    try:
        run(argv, timeout=timeout)
    except CommandFailedError:
        return False
    return True
