"""One command at a time changes a local cloud."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from localcloud.machines.errors import LocalCloudError

LIMIT = 600.0
"""Seconds to wait for another command."""

_POLL = 0.1


@contextmanager
def locked(path: Path, purpose: str, say: Callable[[str], None]) -> Generator[None]:
    """Hold the lock at ``path``, which says ``purpose`` to those who wait for it.

    Raises ``LocalCloudError`` naming the holder after ``LIMIT`` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        deadline = time.monotonic() + LIMIT
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = path.read_text().strip() or "another command"
            if time.monotonic() > deadline:
                raise LocalCloudError(
                    f"{holder} has been at work for {LIMIT:.0f} s: end it, or wait, and try again"
                )
            if not told:
                say(f"waiting for {holder} to finish")
                told = True
            time.sleep(_POLL)
        file.truncate(0)
        file.write(f"localcloud {purpose} (process {os.getpid()})\n")
        file.flush()
        yield
        # The file stays: a lock that is removed can be held twice.
        file.truncate(0)
