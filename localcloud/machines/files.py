"""Atomic file replacement, and logs that only root can read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO


def replace(path: Path, text: str, *, mode: int) -> None:
    """Write ``text`` to ``path`` atomically; an existing file is replaced."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "w") as file:  # noqa: PTH123 - a descriptor, for the mode from the start
        file.write(text)
    temporary.replace(path)


def open_log(path: Path) -> BinaryIO:
    """Open a log for appending; only root can read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def last_line(log: Path) -> str:
    """Return the last line of a log; ``nothing`` if the log is empty or missing."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "nothing"


def changed_since(marker: Path, folder: Path) -> bool:
    """Return whether a Python file below a folder is newer than a file, or that file does not exist."""
    if not marker.exists():
        return True
    since = marker.stat().st_mtime
    return any(path.stat().st_mtime > since for path in folder.rglob("*.py"))
