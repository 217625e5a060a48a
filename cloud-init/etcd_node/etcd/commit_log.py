"""Mark a member's whole log as committed, before etcd makes a cluster of one from its data.

``--force-new-cluster`` drops entries that are not marked as committed, or not applied to the database
(server/etcdserver/bootstrap.go). A leader acknowledges a write before its followers know that it is committed. So
without this a follower's copy of the last acknowledged writes would be lost.
"""

from __future__ import annotations

import os
from pathlib import Path

from etcd_node.etcd.wal import ENTRY, STATE, DamagedLogError, fields, integer, records


def commit_whole_log(data: Path) -> int:
    """Mark all entries in a stopped member's log as committed. Returns how many were not. Raises ``DamagedLogError``.

    This appends one record as etcd does after a commit: Raft's state with a higher ``commit`` index. A last record
    whose end is missing after a loss of power is dropped, as by etcd: it was not on disk, and so not acknowledged.
    """
    last = term = vote = commit = checksum = end = 0
    logs = sorted((data / "member/wal").glob("*.wal"))
    for log in logs:
        content = log.read_bytes()
        end, filled = 0, len(content.rstrip(b"\0"))
        try:
            for record in records(log):
                if record.end > filled and _crc32c(record.payload, checksum) != record.checksum:
                    raise DamagedLogError  # noqa: TRY301 - as for bytes that are no record
                values = fields(record.payload) if record.kind in {ENTRY, STATE} else {}
                checksum, end = record.checksum, record.end
                if record.kind == ENTRY:
                    # Entries of a new leader replace all older ones from their index on.
                    last = integer(values, 3)
                elif record.kind == STATE:
                    term, vote, commit = (integer(values, number) for number in (1, 2, 3))
        except DamagedLogError:
            # A record begins with its length.
            if not filled < end + 8 + int.from_bytes(content[end : end + 7], "little") <= len(content):
                raise
    if last <= commit:
        return 0
    state = b"".join(_number(field, value) for field, value in ((1, term), (2, vote), (3, last)))
    _append_state(logs[-1], end, state, _crc32c(state, checksum))
    return last - commit


def _append_state(log: Path, end: int, state: bytes, checksum: int) -> None:
    """Write a record with Raft's state where the log's records end, and wait until it is on disk."""
    body = _number(1, STATE) + _number(2, checksum) + b"\x1a" + bytes([len(state)]) + state
    padding = -len(body) % 8
    head = len(body) | ((0x80 | padding) << 56 if padding else 0)
    with log.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        # Nothing of a dropped record may follow.
        file.truncate(end)
        file.truncate(size)
        file.seek(end)
        file.write(head.to_bytes(8, "little") + body + bytes(padding))
        file.flush()
        os.fsync(file.fileno())


def _number(field: int, value: int) -> bytes:
    encoded = bytearray([field << 3])
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _crc32c(content: bytes, before: int) -> int:
    """Return the CRC-32C (Castagnoli) of ``before``'s content followed by this content."""
    value = before ^ 0xFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF
