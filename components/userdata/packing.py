"""Pack the node's files, which are the same on every droplet."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from . import archive, stripping
from .archive import ArchivedFile


def pack_sources(files: Mapping[str, Path], unpacker: Path, kept_in: Path) -> bytes:
    """Files by their paths in the archive, without their comments. A file that starts with ``#!`` is executable.

    The code of the ``unpacker`` comes before them. The result is kept in ``__pycache__`` of the folder ``kept_in``.
    """
    texts = {path: files[path].read_text(encoding="utf-8") for path in sorted(files)}
    first = stripping.stripped(unpacker.name, unpacker.read_text(encoding="utf-8"))
    # Stripping takes 0.15 s, so later runs use the result of the first, which lies beside Python's own bytecode.
    code = [Path(module).read_text(encoding="utf-8") for module in (archive.__file__, stripping.__file__)]
    origin = hashlib.sha256(repr((code, first, texts)).encode()).hexdigest()
    kept = kept_in / "__pycache__" / f"{origin}.bz2"
    with suppress(OSError):
        return kept.read_bytes()
    packed = archive.pack(
        (_file(path, stripping.stripped(path, text)) for path, text in texts.items()), first=first
    )
    with suppress(OSError):
        _keep(kept, packed)
    return packed


def _file(path: str, text: str) -> ArchivedFile:
    return ArchivedFile(path, text, permissions="0755" if text.startswith("#!") else "0644")


def _keep(file: Path, packed: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    for older in file.parent.glob("*.bz2"):
        older.unlink(missing_ok=True)
    temporary = file.with_name(f"{os.getpid()}.{threading.get_ident()}")
    temporary.write_bytes(packed)
    temporary.replace(file)
