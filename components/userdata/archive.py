"""Archives of text files that ``cloud-init/unpack.py`` writes to their places on a droplet.

An archive is one text, compressed by bzip2. NUL characters separate its parts: the frequent words, each on a line, and
then, for each file, a head of its permissions, owner and path, and its content.

- ``chr(128 + N)`` is the word with index N. These words save 0.9 KB of the user data.
- A line starts with ``chr(20 + N)`` if it is indented by N steps more than the line before it. That saves 0.6 KB.
- After ``chr(127)``, a line has the bytes of a PEM block in digits of four bits, from ``0`` to ``?``. Certificates have
  much in common, which bzip2 finds in these digits and not in those of base64. That saves 1.2 KB in the worst case.

A tar archive's headers would take 0.7 KB more. The output of bzip2 has not changed since 2000. That of zlib depends on
the library that Python was built with, so another operator's machine would replace every droplet.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

FIRST_CODE = 128
"""The first character code that is not ASCII."""

MOST_CODES = 127
"""Codes that Latin-1 has from ``FIRST_CODE`` on, without the last."""

SAME_INDENTATION = 20
"""The code that would stand for an unchanged indentation. The codes around it are control characters."""

STEP = "    "
"""One step of indentation."""

PEM_CODE = chr(127)
"""The first character of a line that stands for the base64 lines of a PEM block."""

PEM_BLOCK = re.compile(r"(?m)(?<=-----\n)(?:[A-Za-z0-9+/=]+\n)+(?=-----END)")
"""The base64 lines of a PEM block (RFC 7468)."""

PEM_LINE = 64
"""Characters of a full line in a PEM block."""

DIGITS = str.maketrans("abcdef", ":;<=>?")
"""Digits of four bits that are no letters, so that they are not taken for words."""


@dataclass(frozen=True)
class ArchivedFile:
    """A file on a droplet."""

    path: str
    """The file's path, relative to the droplet's root."""
    text: str
    """The file's content, of ASCII characters."""
    permissions: str = "0644"
    """The file's mode, in octal digits."""
    owner: str = "root"
    """The user, and the group of the same name, that own the file."""


def pack(files: Iterable[ArchivedFile], *, first: str | None = None) -> bytes:
    """Pack files into an archive, with the same bytes on every operator's machine. Its text may begin with another.

    Raises ``UnicodeEncodeError`` if a file has a character that is not ASCII.
    """
    parts = [
        part
        for file in files
        for part in (
            f"{file.permissions} {file.owner} {file.path}",
            _indentation_coded(_pem_coded(file.text)),
        )
    ]
    text = "\0".join(parts)
    text.encode("ascii")
    words = _frequent_words(text)
    codes = {word: chr(FIRST_CODE + index) for index, word in enumerate(words)}
    if words:
        longest_first = "|".join(sorted(words, key=lambda word: (-len(word), word)))
        text = re.sub(longest_first, lambda found: codes[found[0]], text)
    before = [] if first is None else [first]
    return bz2.compress("\0".join([*before, "\n".join(words), text]).encode("latin-1"))


def _pem_coded(text: str) -> str:
    return PEM_BLOCK.sub(lambda found: _block_coded(found[0]), text)


def _block_coded(block: str) -> str:
    """The coded form of a block, or the block itself if its form is not the usual one."""
    try:
        content = base64.b64decode(block.replace("\n", ""), validate=True)
    except binascii.Error:
        return block
    if pem_lines(content) != block:
        return block
    return f"{PEM_CODE}{content.hex().translate(DIGITS)}\n"


def pem_lines(content: bytes) -> str:
    """The base64 lines of a PEM block with these bytes."""
    digits = base64.b64encode(content).decode()
    return "".join(f"{digits[start : start + PEM_LINE]}\n" for start in range(0, len(digits), PEM_LINE))


def _indentation_coded(text: str) -> str:
    lines: list[str] = []
    depth = 0
    for line in text.split("\n"):
        unindented = line.lstrip(" ")
        if not unindented:
            lines.append("")
            continue
        steps = (len(line) - len(unindented)) // len(STEP)
        code = "" if steps == depth else chr(SAME_INDENTATION + steps - depth)
        lines.append(code + line[steps * len(STEP) :])
        depth = steps
    return "\n".join(lines)


def _frequent_words(text: str) -> list[str]:
    """Words that are shorter as a code. Sorted by length, since bzip2 then takes 0.1 KB less."""
    counts = Counter(re.findall(r"[A-Za-z]{2,}", text))
    # The square root of a word's length chooses the words with which the archive is smallest.
    saved = {word: (count - 1) * len(word) ** 0.5 for word, count in counts.items() if count > 1}
    best = sorted(saved, key=lambda word: (-saved[word], word))[:MOST_CODES]
    return sorted(best, key=lambda word: (len(word), word))
