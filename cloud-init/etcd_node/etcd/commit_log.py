"""A survivor's whole log counts as committed, before etcd makes a cluster of one of its data.

``--force-new-cluster`` drops the entries that the log does not call committed, or the database has not applied
(server/etcdserver/bootstrap.go). A follower hears of a commit after the leader has acknowledged the write to its
client: so those of the last moment would go, although they are here.
"""

from __future__ import annotations

import os
from pathlib import Path

from etcd_node.etcd.wal import ENTRY, STATE, fields, integer, records


def commit_whole_log(data: Path) -> int:
    """Call all entries of a stopped member's log committed; how many were not. Raises ``TornError``.

    It adds one record, as etcd itself does when it hears of a commit: Raft's state with a later ``commit``.
    """
    last = term = vote = commit = checksum = end = 0
    logs = sorted((data / "member/wal").glob("*.wal"))
    for log in logs:
        for record in records(log):
            checksum, end = record.checksum, record.end
            values = fields(record.payload) if record.kind in {ENTRY, STATE} else {}
            if record.kind == ENTRY:
                # A new leader's entries replace the ones from their index on.
                last = integer(values, 3)
            elif record.kind == STATE:
                term, vote, commit = (integer(values, number) for number in (1, 2, 3))
    if last <= commit:
        return 0
    state = b"".join(_number(field, value) for field, value in ((1, term), (2, vote), (3, last)))
    body = _number(1, STATE) + _number(2, _crc32c(state, checksum)) + b"\x1a" + bytes([len(state)]) + state
    padding = -len(body) % 8
    head = len(body) | ((0x80 | padding) << 56 if padding else 0)
    with logs[-1].open("r+b") as file:
        file.seek(end)
        file.write(head.to_bytes(8, "little") + body + bytes(padding))
        file.flush()
        os.fsync(file.fileno())
    return last - commit


def _number(field: int, value: int) -> bytes:
    encoded = bytearray([field << 3])
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _crc32c(content: bytes, before: int) -> int:
    """CRC-32C (Castagnoli), which goes on from that of what came before."""
    value = before ^ 0xFFFFFFFF
    for byte in content:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF
