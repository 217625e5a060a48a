"""What etcd's write-ahead log says about a disk, read while etcd may or may not run.

The format is etcd's own (server/storage/wal: ``decoder.go``, ``walpb/record.proto``; ``raftpb/raft.proto``):
length-prefixed protobuf records, and zeros up to the file's preallocated size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

METADATA, ENTRY, STATE, CHECKSUM, SNAPSHOT = 1, 2, 3, 4, 5
"""Types of records (``wal.go``)."""

NORMAL_ENTRY, CHANGE_ENTRY = 0, 1
"""Types of Raft entries: a request, and a change of the membership."""


class Contents(Enum):
    """What a disk may hold."""

    BLANK = "no data"
    EMPTY_BOOTSTRAP_LOG = "a log that never held a client's write"
    DATA = "data"


@dataclass(frozen=True)
class Identity:
    """Who the log says that this member is."""

    member: int
    cluster: int


@dataclass(frozen=True)
class Disk:
    """A member's data directory as found."""

    contents: Contents
    identity: Identity | None = None


def read_disk(data: Path) -> Disk:
    """Look into a data directory.

    A log counts as an embryo only when every byte of it is understood, and none of them belongs to a client's
    write: anything torn, unknown or simply large is data, since an embryo may be thrown away.
    """
    logs = sorted((data / "member/wal").glob("*.wal"))
    if not logs:
        # etcd makes the log under another name and renames it when it is whole: without it, it never started.
        return Disk(Contents.BLANK)
    identity = _identity(logs[0])
    if len(logs) > 1:
        return Disk(Contents.DATA, identity)
    snapshots = [path.name for path in (data / "member/snap").glob("*.snap")]
    return Disk(Contents.EMPTY_BOOTSTRAP_LOG if _is_embryo(logs[0], snapshots) else Contents.DATA, identity)


class TornError(ValueError):
    """Bytes that are no record."""


@dataclass(frozen=True)
class Record:
    """One record of a log."""

    kind: int
    payload: bytes
    checksum: int
    """CRC-32C of the payloads of all records up to this one."""
    end: int
    """Where the next one begins in the file."""


def _identity(path: Path) -> Identity | None:
    try:
        for record in records(path):
            if record.kind == METADATA:
                values = fields(record.payload)
                return Identity(integer(values, 1), integer(values, 2))
    except TornError:
        return None
    return None


def _is_embryo(path: Path, snapshots: Sequence[str]) -> bool:
    """``snapshots`` are named by term and index. One that covers the founding alone comes with a restored backup.

    Everything since the founding is then in the log, from the first entry on, and none of it is a client's.
    """
    try:
        covered = [int(name.removesuffix(".snap").split("-")[1], 16) for name in snapshots]
        founded = 0
        for record in records(path):
            if record.kind in {METADATA, STATE, CHECKSUM}:
                continue
            values = fields(record.payload)
            if record.kind == SNAPSHOT:
                covered.append(integer(values, 1))
            elif record.kind == ENTRY:
                if integer(values, 1) == CHANGE_ENTRY:
                    founded += integer(values, 3) == founded + 1
                # A new leader begins with an empty entry; the founding itself consists of changes of membership.
                elif values.get(4, b"") != b"":
                    return False
            else:
                return False
        return max(covered, default=0) <= founded
    except (TornError, ValueError, IndexError):
        return False


def records(path: Path) -> Iterator[Record]:
    """The records of one of a log's files. Raises ``TornError``."""
    end = 0
    with path.open("rb") as file:
        while head := file.read(8):
            if len(head) < 8:
                raise TornError
            frame = int.from_bytes(head, "little")
            if frame == 0:
                while rest := file.read(1 << 20):
                    if rest.count(0) != len(rest):
                        raise TornError
                return
            # The top bit says that bytes of padding follow, the next ones how many.
            padding = (frame >> 56) & 0x7 if frame >> 63 else 0
            length = frame & ((1 << 56) - 1)
            if length > 1 << 30:
                raise TornError
            body = file.read(length + padding)
            if len(body) < length + padding:
                raise TornError
            values = fields(body[:length])
            payload = values.get(3, b"")
            if not isinstance(payload, bytes):
                raise TornError
            end += len(head) + len(body)
            yield Record(integer(values, 1), payload, integer(values, 2), end)


def fields(message: bytes) -> dict[int, int | bytes]:
    """The fields of a protobuf message, by number; of a repeated one the last. Raises ``TornError``."""
    values: dict[int, int | bytes] = {}
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        if tag & 7 == 0:
            values[tag >> 3], at = _varint(message, at)
        elif tag & 7 == 2:
            length, at = _varint(message, at)
            if at + length > len(message):
                raise TornError
            values[tag >> 3] = message[at : at + length]
            at += length
        else:
            raise TornError
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
    raise TornError


def integer(values: dict[int, int | bytes], number: int) -> int:
    """A field that is a number, 0 where it is absent. Raises ``TornError``."""
    value = values.get(number, 0)
    if not isinstance(value, int):
        raise TornError
    return value
