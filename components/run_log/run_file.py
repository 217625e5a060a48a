"""The file of one run. Its lock is held until the run ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from .folder import SUFFIX, is_private

KEPT_FILES = 20
"""How many runs of a stack are kept."""


class RunFile:
    """A file that only this user can read. It appears under its name when its lock is held."""

    def __init__(self, folder: Path, name: str) -> None:
        """Raises ``OSError``."""
        hidden = folder / f".{name}.new"
        descriptor = os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_WRONLY, 0o600)
        # The lock ends with the file object, at the latest when nothing refers to it any more.
        self._file = os.fdopen(descriptor, "ab", buffering=0)
        _lock(descriptor)
        hidden.rename(folder / f"{name}{SUFFIX}")

    def append(self, lines: Sequence[str]) -> None:
        """Write whole lines. Raises ``OSError``."""
        self._file.write("".join(f"{line}\n" for line in lines).encode())

    def close(self) -> None:
        """End the lock."""
        self._file.close()


def new_file(folder: Path, *, preview: bool) -> RunFile | None:
    """A file for this run, if a console has made the folder. Files of the oldest runs are deleted.

    Raises ``OSError``.
    """
    if not is_private(folder):
        return None
    kind = "preview" if preview else "run"
    made = RunFile(folder, f"{time.time_ns()}-{os.getpid()}-{kind}")
    _delete_oldest(folder)
    return made


def _delete_oldest(folder: Path) -> None:
    # Names begin with the time of 19 digits.
    for old in sorted(folder.glob(f"*{SUFFIX}"))[:-KEPT_FILES]:
        with contextlib.suppress(OSError):
            old.unlink()


def _lock(descriptor: int) -> None:
    try:
        import fcntl  # noqa: PLC0415 - Windows has none, and runs work there
    except ImportError:
        return
    # The kernel releases it when the process ends: a console sees that a killed run has ended.
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
