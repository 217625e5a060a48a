"""A damaged database is rejected, whatever its damage is."""

from __future__ import annotations

import struct

import pytest

from components.backups.bolt_file import MAGIC, VERSION, BoltError, BoltFile

PAGE_SIZE = 4096
NO_PAGE = 1 << 63


def fnv_64a(data: bytes) -> int:
    """http://www.isthe.com/chongo/tech/comp/fnv/"""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return value


def test_a_page_far_behind_the_end_is_damage() -> None:
    meta = struct.pack("<IIIIQQQQQ", MAGIC, VERSION, PAGE_SIZE, 0, NO_PAGE, 0, 0, 2, 1)
    page = bytes(16) + meta + struct.pack("<Q", fnv_64a(meta))
    database = BoltFile(memoryview(page.ljust(2 * PAGE_SIZE, b"\0")))
    with pytest.raises(BoltError, match="bucket key is damaged"):
        list(database.items("key"))
