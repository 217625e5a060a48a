"""Reads a bbolt database: pages, buckets and keys, as ``go.etcd.io/bbolt`` writes them.

A file begins with two meta pages, of which the one with the higher transaction id and a right checksum counts. It names
the page of the root bucket. A page is a leaf, with keys and values, or a branch, with the ids of pages. The value of a
leaf's element may be a bucket, which names its own root page or has the page in the value.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAGIC = 0xED0CDAED
VERSION = 2

_PAGE = struct.Struct("<QHHI")
"""The head of a page: its id, its kind, the number of its elements, and the number of pages that it continues on."""
_META = struct.Struct("<IIIIQQQQQQ")
"""Magic, version, page size, flags, root page, sequence, freelist, pages, transaction id, checksum."""
_LEAF_ELEMENT = struct.Struct("<IIII")
_BRANCH_ELEMENT = struct.Struct("<IIQ")
_BUCKET = struct.Struct("<QQ")
_BRANCH, _LEAF = 0x01, 0x02
_IS_BUCKET = 0x01
_DEEPEST = 64
"""More levels than any tree of pages has."""


class BoltError(Exception):
    """The file is no whole bbolt database. The text fits on one line."""


@dataclass(frozen=True)
class _Page:
    data: memoryview
    """The page, with those that it continues on."""
    kind: int
    count: int


class BoltFile:
    """A database that is open for reading. All methods raise ``BoltError``."""

    def __init__(self, data: memoryview) -> None:
        """``data`` is the file, without anything after the database."""
        self._data = data
        self._page_size, self._root = _newest_meta(data)

    def items(self, bucket: str) -> Iterator[tuple[bytes, bytes]]:
        """The keys and values of a bucket, in order. A bucket that is not there has none."""
        try:
            for flags, key, value in self._elements(self._page(self._root)):
                if flags & _IS_BUCKET and key == bucket.encode():
                    yield from ((key, bytes(value)) for _, key, value in self._elements(self._bucket(value)))
        except (struct.error, IndexError, OverflowError, ValueError):
            raise BoltError(f"bucket {bucket} is damaged") from None

    def _bucket(self, value: memoryview) -> _Page:
        root, _ = _BUCKET.unpack_from(value)
        return self._page(root) if root else _page(value[_BUCKET.size :])

    def _page(self, number: int) -> _Page:
        start = number * self._page_size
        identity, _, _, more = _PAGE.unpack_from(self._data, start)
        if identity != number:
            raise BoltError(f"page {number} is damaged")
        return _page(self._data[start : start + (1 + more) * self._page_size])

    def _elements(self, page: _Page, depth: int = 0) -> Iterator[tuple[int, bytes, memoryview]]:
        if depth > _DEEPEST:
            raise BoltError("its pages form a cycle")
        if page.kind == _BRANCH:
            for number in range(page.count):
                *_, child = _BRANCH_ELEMENT.unpack_from(page.data, _PAGE.size + number * _BRANCH_ELEMENT.size)
                yield from self._elements(self._page(child), depth + 1)
        elif page.kind == _LEAF:
            for number in range(page.count):
                element = _PAGE.size + number * _LEAF_ELEMENT.size
                flags, position, key_size, value_size = _LEAF_ELEMENT.unpack_from(page.data, element)
                start, end = element + position, element + position + key_size + value_size
                if end > len(page.data):
                    raise BoltError("a page is cut off")
                yield flags, bytes(page.data[start : start + key_size]), page.data[start + key_size : end]
        else:
            raise BoltError(f"a page is of the unknown kind {page.kind:#x}")


def open_bolt(file: Path, size: int) -> BoltFile:
    """Open a database, which is the first ``size`` bytes of a file. Raises ``BoltError``."""
    if size <= 0:
        raise BoltError("it is too short")
    with file.open("rb") as source:
        # It is closed with the last page that somebody reads.
        mapped = mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)
    return BoltFile(memoryview(mapped)[:size])


def _page(data: memoryview) -> _Page:
    _, kind, count, _ = _PAGE.unpack_from(data)
    return _Page(data, kind, count)


def _newest_meta(data: memoryview) -> tuple[int, int]:
    """The size of a page, and the id of the root page."""
    found: list[tuple[int, int, int]] = []
    # The second meta page is one page behind the first, whose size may be unknown.
    for start in (0, *(512 << shift for shift in range(8))):
        try:
            magic, version, size, _, root, _, _, _, transaction, checksum = _META.unpack_from(
                data, start + _PAGE.size
            )
        except struct.error:
            break
        body = data[start + _PAGE.size : start + _PAGE.size + _META.size - 8]
        if (magic, version) == (MAGIC, VERSION) and start in {0, size} and checksum == _fnv_64a(body):
            found.append((transaction, size, root))
    if not found:
        raise BoltError("it does not begin like a database of etcd")
    _, size, root = max(found)
    return size, root


def _fnv_64a(data: memoryview) -> int:
    """The hash FNV-1a of 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/)."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value
