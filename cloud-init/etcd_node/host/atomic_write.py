"""Atomic writes: a reader never sees an incomplete file."""

from __future__ import annotations

import os
from pathlib import Path


def replace_text(path: Path, text: str, *, mode: int) -> None:
    """Replace a file by a text in one step, unless it has this text. The text is on disk when this returns.

    ``os.fsdecode`` makes texts of any bytes, and here they become the same bytes again.
    """
    content = os.fsencode(text)
    # Nothing can be written to a full disk.
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Another process may write the same file now.
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
