"""Reads what ``etcdctl snapshot save`` has written, of any cluster: whether it is whole, and what is in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .bolt_file import BoltError, BoltFile, open_bolt

DIGEST = hashlib.sha256().digest_size
"""Bytes that etcd appends to the database: the SHA-256 of all bytes before them."""
SECTOR = 512
"""A database is a multiple of this, so that a remainder tells whether there is a SHA-256."""
GZIP = b"\x1f\x8b"
ALARMS = {1: "NOSPACE", 2: "CORRUPT"}
"""The alarms by their number in etcd's ``AlarmType``."""
VERSION = re.compile(rb"(\d+\.\d+\.\d+)")
_KEY_TAG = b"\x0a"
"""The first byte of a stored ``mvccpb.KeyValue``: field 1, the key."""
_MEMBER_OF_ALARM, _KIND_OF_ALARM = 0x08, 0x10


class SnapshotFileError(Exception):
    """The file is no whole snapshot of etcd. The text says why, and what to do."""


@dataclass(frozen=True)
class SnapshotFile:
    """The content of a snapshot."""

    size: int
    """Bytes of the database."""
    revision: int
    keys: int
    """Number of keys that are not deleted."""
    version: str
    """The version of etcd's data, such as ``3.6.0``. Empty if the snapshot does not tell, as before etcd 3.5."""
    members: tuple[str, ...]
    """Ids of the members of its cluster, in hexadecimal."""
    leases: int
    authentication: bool
    """Whether etcd's authentication is on."""
    alarms: tuple[str, ...]
    """The alarms that are raised."""

    @property
    def origin(self) -> str:
        """A name for its cluster, which follows from the ids of its members: snapshots have no cluster id."""
        return f"adopted-{hashlib.sha256(' '.join(sorted(self.members)).encode()).hexdigest()[:8]}"


def read_snapshot(file: Path) -> SnapshotFile:
    """Check a snapshot and read what is in it. Its SHA-256 is checked when it is compressed.

    Raises ``SnapshotFileError``.
    """
    try:
        size = file.stat().st_size
        with file.open("rb") as source:
            start = source.read(len(GZIP))
    except OSError as error:
        raise SnapshotFileError(f"{file} cannot be read: {error.strerror}") from None
    if start == GZIP:
        raise SnapshotFileError(f"{file} is compressed: run gunzip first, and adopt the file that it writes")
    try:
        content = _content(open_bolt(file, size - size % SECTOR), size - size % SECTOR)
    except BoltError as error:
        raise SnapshotFileError(
            f"{file} is no whole snapshot of etcd 3: {error}. Take one with etcdctl snapshot save"
        ) from None
    if size % SECTOR != DIGEST:
        raise SnapshotFileError(
            f"{file} does not end with etcd's SHA-256: it was cut off, or it is the database of a data directory "
            "(member/snap/db), which may lack what is only in the log. Take a snapshot with etcdctl snapshot save"
        )
    return content


def _content(database: BoltFile, size: int) -> SnapshotFile:
    meta, cluster = dict(database.items("meta")), dict(database.items("cluster"))
    if b"consistent_index" not in meta:
        raise BoltError("it is the database of another program")
    version = VERSION.match(meta.get(b"storageVersion") or cluster.get(b"clusterVersion") or b"")
    revision, keys = _revision_and_keys(database.items("key"))
    return SnapshotFile(
        size=size,
        revision=revision,
        keys=keys,
        version=version[1].decode() if version else "",
        members=tuple(key.decode(errors="replace") for key, _ in database.items("members")),
        leases=sum(1 for _ in database.items("lease")),
        authentication=dict(database.items("auth")).get(b"authEnabled") == b"\x01",
        alarms=tuple(sorted({_alarm(key) for key, _ in database.items("alarm")})),
    )


def _revision_and_keys(items: Iterable[tuple[bytes, bytes]]) -> tuple[int, int]:
    """The highest revision and the number of living keys, as etcd counts them."""
    revision, living = 0, set[bytes]()
    for stored, value in items:
        revision = int.from_bytes(stored[:8], "big")
        # A revision is 8 bytes, an underscore and 8 bytes. A deletion has a mark behind them.
        if len(stored) > 17:
            living.discard(_key(value))
        else:
            living.add(_key(value))
    # Without the record by which a restore raised the revision.
    return revision, len(living - {b""})


def _key(value: bytes) -> bytes:
    if not value.startswith(_KEY_TAG):
        return b""
    size, start = _varint(value, 1)
    return value[start : start + size]


def _alarm(stored: bytes) -> str:
    """The kind of an alarm. A stored alarm is an ``etcdserverpb.AlarmMember``, and a bucket's key."""
    place = 0
    if stored[:1] == bytes([_MEMBER_OF_ALARM]):
        _, place = _varint(stored, 1)
    if stored[place : place + 1] != bytes([_KIND_OF_ALARM]):
        return "unknown"
    kind, _ = _varint(stored, place + 1)
    return ALARMS.get(kind, "unknown")


def _varint(data: bytes, start: int) -> tuple[int, int]:
    """A number of Protocol Buffers, and the place behind it."""
    value = shift = 0
    for place in range(start, len(data)):
        value |= (data[place] & 0x7F) << shift
        shift += 7
        if data[place] < 0x80:
            return value, place + 1
    raise BoltError("a record is cut off")
