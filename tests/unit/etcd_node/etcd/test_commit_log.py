"""Marking a log as committed whose last record is incomplete, as a loss of power leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from etcd_node.etcd.commit_log import commit_whole_log
from etcd_node.etcd.wal import ENTRY, METADATA, STATE, DamagedLogError, fields, integer, records

from tests.unit.etcd_node.etcd.test_wal import message

SIZE = 1 << 14
TERM, VOTE = 7, 0x8211F1D0F64F3269


def crc32c(content: bytes, before: int = 0) -> int:
    value = before ^ 0xFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0x82F63B78 * (value & 1)
    return value ^ 0xFFFFFFFF


def framed(payloads: Sequence[tuple[int, bytes]]) -> list[bytes]:
    """Records as etcd writes them: each with the checksum of all payloads up to its own."""
    framed: list[bytes] = []
    checksum = 0
    for kind, payload in payloads:
        checksum = crc32c(payload, checksum)
        body = message(f1=kind, f2=checksum, f3=payload)
        padding = -len(body) % 8
        length = len(body) | ((0x80 | padding) << 56 if padding else 0)
        framed.append(length.to_bytes(8, "little") + body + bytes(padding))
    return framed


def entry(index: int, value: bytes) -> tuple[int, bytes]:
    return ENTRY, message(f1=0, f2=TERM, f3=index, f4=value)


RECORDS = framed(
    [
        (METADATA, message(f1=VOTE, f2=1)),
        entry(4, b"four"),
        (STATE, message(f1=TERM, f2=VOTE, f3=4)),
        entry(5, b"five" + bytes(9)),
        entry(6, bytes(range(200, 256)) * 3 + bytes(9)),
    ]
)
WHOLE = b"".join(RECORDS)
BEFORE_LAST = len(WHOLE) - len(RECORDS[-1])


def log_with(folder: Path, content: bytes | bytearray) -> Path:
    log = folder / "member/wal/0000000000000000-0000000000000000.wal"
    log.parent.mkdir(parents=True)
    log.write_bytes(content.ljust(SIZE, b"\0"))
    return log


def committed(log: Path) -> tuple[int, list[int]]:
    """The commit index at the end of a log, and the indexes of its entries. All checksums must be right."""
    checksum = 0
    found = [*records(log)]
    for record in found:
        checksum = crc32c(record.payload, checksum)
        assert record.checksum == checksum
    assert log.stat().st_size == SIZE
    assert not log.read_bytes()[found[-1].end :].strip(b"\0")
    state = fields(found[-1].payload)
    assert (found[-1].kind, integer(state, 1), integer(state, 2)) == (STATE, TERM, VOTE)
    return integer(state, 3), [integer(fields(one.payload), 3) for one in found if one.kind == ENTRY]


def test_every_whole_entry_is_marked_as_committed(tmp_path: Path) -> None:
    log = log_with(tmp_path, WHOLE)
    assert commit_whole_log(tmp_path) == 2
    assert committed(log) == (6, [4, 5, 6])
    assert commit_whole_log(tmp_path) == 0


@pytest.mark.parametrize("kept", range(1, len(RECORDS[-1]) - 16))
def test_entries_before_one_that_is_torn_are_marked_as_committed(tmp_path: Path, kept: int) -> None:
    log = log_with(tmp_path, WHOLE[: BEFORE_LAST + kept])
    assert commit_whole_log(tmp_path) == 1
    assert committed(log) == (5, [4, 5])


@pytest.mark.parametrize(
    ("start", "damage"),
    [(40, b"\1"), (6, b"\1"), (40, bytes(40))],
    ids=["another byte", "a length beyond the file", "a gap"],
)
def test_a_damaged_log_is_no_torn_one_and_stays_as_it_is(tmp_path: Path, start: int, damage: bytes) -> None:
    # Like each of etcd's requests, the last one ends with a byte that is not zero.
    content = bytearray(b"".join(framed([(METADATA, b""), entry(4, b"four" * 50)])))
    start += len(framed([(METADATA, b"")])[0])
    content[start : start + len(damage)] = damage
    log = log_with(tmp_path, content)
    with pytest.raises(DamagedLogError):
        commit_whole_log(tmp_path)
    assert log.read_bytes() == content.ljust(SIZE, b"\0")
