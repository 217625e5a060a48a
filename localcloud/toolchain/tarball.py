"""Release archives that are the same, byte for byte, wherever and whenever they are made."""

from __future__ import annotations

import io
import struct
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path

_GZIP_HEADER = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
_STORED_LIMIT = 0xFFFF


def write_tarball(path: Path, top: str, files: Mapping[str, Path]) -> None:
    """Write a ``.tar.gz`` of executables below folder ``top``: sorted, owned by root, dated 1970."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        folder = tarfile.TarInfo(top)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(folder)
        for name, source in sorted(files.items()):
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size, member.mode = source.stat().st_size, 0o755
            with source.open("rb") as content:
                archive.addfile(member, content)
    path.write_bytes(stored_gzip(plain.getvalue()))


def stored_gzip(data: bytes) -> bytes:
    """Return ``data`` as a gzip file of stored, uncompressed blocks (RFC 1951, section 3.2.4; RFC 1952).

    What a compressor makes of its input differs between zlib and its replacements, and between their
    versions; stored blocks can be written in one way only. They unpack faster, too.
    """
    blocks = [_GZIP_HEADER]
    for start in range(0, max(len(data), 1), _STORED_LIMIT):
        block = data[start : start + _STORED_LIMIT]
        last = start + _STORED_LIMIT >= len(data)
        blocks += [struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF), block]
    blocks.append(struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF))
    return b"".join(blocks)
