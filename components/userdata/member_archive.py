"""The archive of the files that differ between members: settings, the token, certificates and keys.

The archive is compressed by LZMA. It takes 1.7 KB less of the user data in the worst case than bzip2: certificates have
parts in common, and LZMA adds little to bytes that cannot be compressed. Before ``END`` come the files as text,
separated by NUL characters: each with a head, as in the node's archive, and a content. In a content, ``BLOCK`` and a
number of bytes stand for the base64 lines of a PEM block. Behind ``END`` come the bytes of these blocks.

The encoder of liblzma has had the same output since 2010 (version 5.0), and on all architectures, if no parameter is
left to its presets. So another operator's run replaces no droplet.
"""

from __future__ import annotations

import base64
import binascii
import lzma
import re
from collections.abc import Iterable

from .archive import ArchivedFile

END = b"\xff"
"""The end of the text, which has no such byte."""

BLOCK = "\1"
"""Stands before the number of a block's bytes."""

PEM_BLOCK = re.compile(r"(?<=-----)(\n|\\n)((?:[A-Za-z0-9+/=]+\1)+)(?=-----END)")
"""The base64 lines of a PEM block (RFC 7468), as they are or in a JSON text."""

PEM_LINE = 64
"""Characters of a full line in a PEM block."""

FILTER = {
    "id": lzma.FILTER_LZMA1,
    "dict_size": 2**16,
    "lc": 0,
    "lp": 0,
    "pb": 0,
    "mode": lzma.MODE_NORMAL,
    "nice_len": 273,
    "mf": lzma.MF_BT4,
    "depth": 1000,
}
"""Every parameter of the encoder. Text and bytes are smallest if neither position nor last character counts."""


def pack_member(files: Iterable[ArchivedFile]) -> bytes:
    """Pack files into an archive, with the same bytes on every operator's machine.

    Raises ``UnicodeEncodeError`` if a file has a character that is not ASCII.
    """
    blocks: list[bytes] = []

    def coded(found: re.Match[str]) -> str:
        block = _block(found[2].replace(found[1], "\n"))
        if block is None:
            return found[0]
        blocks.append(block)
        return f"{found[1]}{BLOCK}{len(block)}{found[1]}"

    parts = [part for file in files for part in (file.head, PEM_BLOCK.sub(coded, file.text))]
    text = "\0".join(parts).encode("ascii")
    return lzma.compress(text + END + b"".join(blocks), format=lzma.FORMAT_ALONE, filters=[FILTER])


def _block(lines: str) -> bytes | None:
    """The bytes of a block, or ``None`` if its lines do not have the usual form."""
    try:
        content = base64.b64decode(lines.replace("\n", ""), validate=True)
    except binascii.Error:
        return None
    return content if pem_lines(content) == lines else None


def pem_lines(content: bytes) -> str:
    """The base64 lines of a PEM block with these bytes."""
    digits = base64.b64encode(content).decode()
    return "".join(f"{digits[start : start + PEM_LINE]}\n" for start in range(0, len(digits), PEM_LINE))
