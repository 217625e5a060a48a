"""Read etcd's write-ahead log, to tell an empty disk from one with data. etcd may be running.

The format is etcd's (server/storage/wal: ``decoder.go``, ``walpb/record.proto``; ``raftpb/raft.proto``): protobuf
records with a length before each, and zeros up to the file's preallocated size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

METADATA, ENTRY, STATE, CHECKSUM, SNAPSHOT = 1, 2, 3, 4, 5
"""The types of records (``wal.go``)."""

NORMAL_ENTRY, CHANGE_ENTRY = 0, 1
"""The types of Raft entries: requests, and changes of the membership."""


class Contents(Enum):
    """The kinds of content that a member's disk may have."""

    BLANK = "no data"
    REMAINS = "data without a log"
    EMPTY_BOOTSTRAP_LOG = "an empty bootstrap log"
    DATA = "data"


@dataclass(frozen=True)
class Identity:
    """The ids of member and cluster that a log belongs to."""

    member: int
    cluster: int


@dataclass(frozen=True)
class Disk:
    """A member's data directory as it was found."""

    contents: Contents
    identity: Identity | None = None


def read_disk(data: Path) -> Disk:
    """Read a data directory.

    A log counts as an empty bootstrap log only if every byte is understood and none belongs to a client's write. Such
    a log may be set aside without proof from a quorum, so anything damaged, unknown or large counts as data.
    """
    logs = sorted((data / "member/wal").glob("*.wal"))
    if not logs:
        # etcd renames a new log to this name when it is complete. So etcd has never started here, or its log is lost.
        return Disk(Contents.REMAINS if _has_remains(data) else Contents.BLANK)
    identity = _identity(logs[0])
    # Each log begins with its identity.
    if len(logs) > 1 or identity is None:
        return Disk(Contents.DATA, identity)
    snapshots = [path.name for path in (data / "member/snap").glob("*.snap")]
    contents = Contents.EMPTY_BOOTSTRAP_LOG if _is_empty_bootstrap_log(logs[0], snapshots) else Contents.DATA
    return Disk(contents, identity)


def _has_remains(data: Path) -> bool:
    """Whether a data directory without a log has anything that etcd does not make before its first log.

    A repair by ``e2fsck`` may lose files, and moves those whose names are lost to ``lost+found``. etcd would use
    a database that is left, and skip the entries that it has already: etcd 3.6 then ends with "member unknown".
    """
    found = data.parent / "lost+found"
    files = [data, found, *data.rglob("*"), *found.rglob("*")]
    return (data / "member/wal").exists() or any(map(_holds_data, files))


def _holds_data(file: Path) -> bool:
    if "wal.tmp" in file.parts:
        return False
    try:
        if file.is_dir():
            # This may not be root. What is in a directory that it cannot list is unknown.
            list(file.iterdir())
            return False
        with file.open("rb") as opened:
            content = opened.read(1 << 25)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    # A database that etcd has just made has one bucket, meta, on its first pages. After the log it makes others.
    new = file.parts[-2:] == ("snap", "db") and b"key" not in content and not content[1 << 15 :].strip(b"\0")
    return bool(content) and not new


class DamagedLogError(ValueError):
    """The log has bytes that are not a record."""


@dataclass(frozen=True)
class Record:
    """One record of a log."""

    kind: int
    payload: bytes
    checksum: int
    """The CRC-32C of the payloads of all records up to this one."""
    end: int
    """The offset of the next record in the file."""


def _identity(path: Path) -> Identity | None:
    try:
        for record in records(path):
            if record.kind == METADATA:
                values = fields(record.payload)
                return Identity(integer(values, 1), integer(values, 2))
    except (DamagedLogError, OSError):
        return None
    return None


def _is_empty_bootstrap_log(path: Path, snapshots: Sequence[str]) -> bool:
    """Whether a log holds only the bootstrap. ``snapshots`` are names of files, made of term and index.

    A restored backup comes with a snapshot that covers the bootstrap. The log must have all entries since then.
    """
    try:
        covered = [int(name.removesuffix(".snap").split("-")[1], 16) for name in snapshots]
        bootstrap_entries = 0
        for record in records(path):
            if record.kind in {METADATA, STATE, CHECKSUM}:
                continue
            values = fields(record.payload)
            if record.kind == SNAPSHOT:
                covered.append(integer(values, 1))
            elif record.kind == ENTRY:
                if integer(values, 1) == CHANGE_ENTRY:
                    bootstrap_entries += integer(values, 3) == bootstrap_entries + 1
                # A new leader writes an empty entry. The bootstrap itself is changes of membership.
                elif values.get(4, b"") != b"":
                    return False
            else:
                return False
        return max(covered, default=0) <= bootstrap_entries
    except (DamagedLogError, OSError, ValueError, IndexError):
        return False


def records(path: Path) -> Iterator[Record]:
    """Yield the records in one file of a log. Raises ``DamagedLogError``."""
    end = 0
    with path.open("rb") as file:
        while head := file.read(8):
            if len(head) < 8:
                raise DamagedLogError
            frame = int.from_bytes(head, "little")
            if frame == 0:
                while rest := file.read(1 << 20):
                    if rest.count(0) != len(rest):
                        raise DamagedLogError
                return
            # The top bit says whether there is padding, the lowest three bits of that byte how much.
            padding = (frame >> 56) & 0x7 if frame >> 63 else 0
            length = frame & ((1 << 56) - 1)
            if length > 1 << 30:
                raise DamagedLogError
            body = file.read(length + padding)
            if len(body) < length + padding:
                raise DamagedLogError
            values = fields(body[:length])
            payload = values.get(3, b"")
            if not isinstance(payload, bytes):
                raise DamagedLogError
            end += len(head) + len(body)
            yield Record(integer(values, 1), payload, integer(values, 2), end)


def fields(message: bytes) -> dict[int, int | bytes]:
    """Return a protobuf message's fields by number, the last one of a repeated field. Raises ``DamagedLogError``."""
    values: dict[int, int | bytes] = {}
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        if tag & 7 == 0:
            values[tag >> 3], at = _varint(message, at)
        elif tag & 7 == 2:
            length, at = _varint(message, at)
            if at + length > len(message):
                raise DamagedLogError
            values[tag >> 3] = message[at : at + length]
            at += length
        else:
            raise DamagedLogError
    return values


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 70:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise DamagedLogError


def integer(values: dict[int, int | bytes], number: int) -> int:
    """Return a field that is a number, or 0 if it is absent. Raises ``DamagedLogError``."""
    value = values.get(number, 0)
    if not isinstance(value, int):
        raise DamagedLogError
    return value
