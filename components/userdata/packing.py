"""Pack the files of a node into a small archive, with the same bytes on every operator's machine."""

from __future__ import annotations

import bz2
import hashlib
import json
import os
import re
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from components.userdata import stripping

FIRST_CODE = 128
"""The first character code that is not ASCII."""

MOST_CODES = 127
"""Codes that Latin-1 has from ``FIRST_CODE`` on, without the last."""


def pack(files: Mapping[str, Path], kept_in: Path) -> bytes:
    """Files by their paths in the archive, without their comments, as compressed text.

    The text has the frequent words, each on a line, and then JSON in which ``chr(128 + N)`` is the word with index N.
    These words save 0.9 KB of the user data.

    The result is kept in ``__pycache__`` of the folder ``kept_in``.

    A tar archive's headers would take 0.7 KB more of the user data. The output of bzip2 has not changed since 2000.
    That of zlib depends on the library that Python was built with, so another operator's machine would replace every
    droplet.
    """
    texts = {path: files[path].read_text(encoding="utf-8") for path in sorted(files)}
    # Stripping takes 0.15 s, so later runs use the result of the first, which lies beside Python's own bytecode.
    code = [Path(module).read_text(encoding="utf-8") for module in (__file__, stripping.__file__)]
    origin = hashlib.sha256(repr((code, texts)).encode()).hexdigest()
    kept = kept_in / "__pycache__" / f"{origin}.json.bz2"
    with suppress(OSError):
        return kept.read_bytes()
    packed = _packed(texts)
    with suppress(OSError):
        _keep(kept, packed)
    return packed


def _packed(texts: Mapping[str, str]) -> bytes:
    # ASCII alone, and no line ends: json.dumps writes all other characters as escapes.
    text = json.dumps({path: stripping.stripped(path, text) for path, text in texts.items()})
    words = _frequent_words(text)
    codes = {word: chr(FIRST_CODE + index) for index, word in enumerate(words)}
    if words:
        longest_first = "|".join(sorted(words, key=lambda word: (-len(word), word)))
        text = re.sub(longest_first, lambda found: codes[found[0]], text)
    return bz2.compress("\n".join([*words, text]).encode("latin-1"))


def _frequent_words(text: str) -> list[str]:
    """Words that are shorter as a code. Sorted by length, since bzip2 then takes 0.1 KB less."""
    counts = Counter(re.findall(r"[A-Za-z]{3,}", text))
    saved = {word: (count - 1) * (len(word) - 1) for word, count in counts.items() if count > 1}
    best = sorted(saved, key=lambda word: (-saved[word], word))[:MOST_CODES]
    return sorted(best, key=lambda word: (len(word), word))


def _keep(file: Path, packed: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    for older in file.parent.glob("*.json.bz2"):
        older.unlink(missing_ok=True)
    temporary = file.with_name(f"{os.getpid()}.{threading.get_ident()}")
    temporary.write_bytes(packed)
    temporary.replace(file)
