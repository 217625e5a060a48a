"""The archive of the node's files, which ``cloud-init/unpack_files.py`` writes to their places on a droplet.

The archive is one text, written backwards and compressed by bzip2. NUL characters separate its parts: the frequent
words, each on a line, and then, for each file, a head of its permissions, owner and path, and its content.

- ``chr(128 + N)`` is the word with index N. These words save 0.9 KB of the user data.
- A line ends with ``chr(20 + N)`` if the next one is indented by N steps more. That saves 0.7 KB.
- bzip2 takes 0.2 KB less for the text backwards: what stands before a character tells more than what follows it.
- bzip2 takes 0.4 KB less if codes of characters are near each other when similar text follows them. So signs have the
  first codes after that of the space, in the order of ``SIGNS``, and all other characters have the codes behind them.

A tar archive's headers would take 0.7 KB more. The output of bzip2 has not changed since 2000. That of zlib depends on
the library that Python was built with, so another operator's machine would replace every droplet.
"""

from __future__ import annotations

import bz2
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

FIRST_CODE = 128
"""The first character code that is not ASCII."""

MOST_CODES = 124
"""The number of words. Latin-1 has 128 codes from ``FIRST_CODE`` on."""

SAME_INDENTATION = 20
"""The code that would stand for an unchanged indentation. The codes around it are control characters."""

STEP = "    "
"""One step of indentation."""

SIGNS = b"({[,:=>/._-\"'})]"
"""Signs of Python, in an order that was found by trying."""

ORDER = bytes(dict.fromkeys([*range(33), *SIGNS, *range(256)]))
"""All bytes in the order of their codes."""


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

    @property
    def head(self) -> str:
        """What an archive says about the file before its content."""
        return f"{self.permissions} {self.owner} {self.path}"


def pack(files: Iterable[ArchivedFile], *, first: str) -> bytes:
    """Pack files after the text ``first``, with the same bytes on every operator's machine.

    Raises ``UnicodeEncodeError`` if a file has a character that is not ASCII.
    """
    text = "\0".join(part for file in files for part in (file.head, _indentation_coded(file.text)))
    text.encode("ascii")
    words = _frequent_words(text)
    codes = {word: chr(FIRST_CODE + index) for index, word in enumerate(words)}
    if words:
        longest_first = "|".join(sorted(words, key=lambda word: (-len(word), word)))
        text = re.sub(longest_first, lambda found: codes[found[0]], text)
    data = "\0".join([first, "\n".join(words), text]).encode("latin-1")[::-1]
    return bz2.compress(data.translate(bytes.maketrans(ORDER, bytes(range(256)))))


def _indentation_coded(text: str) -> str:
    first, *others = text.split("\n")
    lines = [first]
    depth = 0
    for line in others:
        unindented = line.lstrip(" ")
        # An empty line changes nothing.
        steps = (len(line) - len(unindented)) // len(STEP) if unindented else depth
        if steps != depth:
            lines[-1] += chr(SAME_INDENTATION + steps - depth)
        lines.append(line[steps * len(STEP) :])
        depth = steps
    return "\n".join(lines)


def _frequent_words(text: str) -> list[str]:
    """Words that are shorter as a code. Sorted by capital and length, since bzip2 then takes 0.2 KB less."""
    counts = Counter(re.findall(r"[A-Za-z]{2,}", text))
    # Each use of a word saves all but one of its characters. The list of words has it and the end of its line.
    saved = {word: count * (len(word) - 1) - len(word) - 1 for word, count in counts.items()}
    best = sorted((word for word in saved if saved[word] > 0), key=lambda word: (-saved[word], word))
    return sorted(best[:MOST_CODES], key=lambda word: (word[0].isupper(), -len(word), word))
