"""A lock: one command at a time changes a local cloud."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from localcloud.machines.errors import LocalCloudError

LIMIT = 600.0
"""Seconds to wait for another command to finish."""

_POLL = 0.1


@contextmanager
def locked(path: Path, purpose: str, say: Callable[[str], None]) -> Generator[None]:
    """Hold the lock at ``path``. Commands that wait for it are told ``purpose``.

    Raises ``LocalCloudError`` with the holder's name after ``LIMIT`` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + LIMIT
    announced = False
    while True:
        with path.open("a+") as file:
            if _taken(file, path):
                file.truncate(0)
                file.write(f"localcloud {purpose} (process {os.getpid()})\n")
                file.flush()
                yield
                file.truncate(0)
                return
        holder = _holder(path)
        if time.monotonic() > deadline:
            raise LocalCloudError(
                f"{holder} has not finished after {LIMIT:.0f} s: end it or wait for it, then try again"
            )
        if not announced:
            say(f"waiting up to {LIMIT:.0f} s for {holder} to finish")
            announced = True
        time.sleep(_POLL)


def _taken(file: TextIO, path: Path) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # The last holder may have removed the file, and a third command may have made another.
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False


def _holder(path: Path) -> str:
    with suppress(FileNotFoundError):
        return path.read_text().strip() or "another command"
    return "another command"
