"""Short ways to write the records of a history in tests. Each call has a client of its own unless it is named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

from campaign.history.records import (
    CompareAndSwap,
    Delete,
    Deleted,
    Event,
    Get,
    KeyValue,
    LeaseKeepAlive,
    LeaseRevoke,
    Outcome,
    Put,
    Range,
    Read,
    Record,
    Renewed,
    Revoked,
    Swapped,
    WatchEvents,
    Written,
)

_numbers = count(1)


def found(key: str, value: str, mod_revision: int) -> KeyValue:
    return KeyValue(key=key, value=value, mod_revision=mod_revision)


def put(
    begin: int,
    end: int | None,
    key: str,
    value: str,
    *,
    revision: int = 0,
    lease: int = 0,
    outcome: Outcome = Outcome.OK,
    call: int = 0,
) -> Put:
    answer = Written(revision=revision) if outcome is Outcome.OK else None
    number = call or next(_numbers)
    return Put(
        client="c",
        call=number,
        begin=begin,
        end=end,
        outcome=outcome,
        key=key,
        value=value,
        lease=lease,
        answer=answer,
    )


def get(
    begin: int,
    end: int,
    key: str,
    *kvs: KeyValue,
    revision: int,
    serializable: bool = False,
    member: str = "",
) -> Get:
    return Get(
        client="c",
        call=next(_numbers),
        begin=begin,
        end=end,
        outcome=Outcome.OK,
        key=key,
        serializable=serializable,
        answer=Read(revision=revision, found=kvs, member=member),
    )


def ranged(begin: int, end: int, prefix: str, *kvs: KeyValue, revision: int) -> Range:
    return Range(
        client="c",
        call=next(_numbers),
        begin=begin,
        end=end,
        outcome=Outcome.OK,
        prefix=prefix,
        serializable=False,
        answer=Read(revision=revision, found=kvs),
    )


def cas(
    begin: int,
    end: int,
    key: str,
    value: str,
    *,
    expected: str | None = None,
    expected_mod: int | None = None,
    revision: int = 0,
    succeeded: bool = False,
    read: Sequence[KeyValue] | None = None,
    outcome: Outcome = Outcome.OK,
) -> CompareAndSwap:
    kvs = None if read is None else tuple(read)
    answer = Swapped(revision=revision, succeeded=succeeded, found=kvs) if outcome is Outcome.OK else None
    return CompareAndSwap(
        client="c",
        call=next(_numbers),
        begin=begin,
        end=end,
        outcome=outcome,
        key=key,
        value=value,
        expected_value=expected,
        expected_mod_revision=expected_mod,
        answer=answer,
    )


def delete(
    begin: int, end: int, key: str, *, revision: int = 0, deleted: int = 1, outcome: Outcome = Outcome.OK
) -> Delete:
    answer = Deleted(revision=revision, deleted=deleted) if outcome is Outcome.OK else None
    return Delete(
        client="c", call=next(_numbers), begin=begin, end=end, outcome=outcome, key=key, answer=answer
    )


def revoke(
    begin: int, end: int, lease: int, *, revision: int = 0, outcome: Outcome = Outcome.OK
) -> LeaseRevoke:
    answer = Revoked(revision=revision) if outcome is Outcome.OK else None
    return LeaseRevoke(
        client="c", call=next(_numbers), begin=begin, end=end, outcome=outcome, lease=lease, answer=answer
    )


def keep_alive(begin: int, end: int, lease: int, ttl: int) -> LeaseKeepAlive:
    return LeaseKeepAlive(
        client="c",
        call=next(_numbers),
        begin=begin,
        end=end,
        outcome=Outcome.OK,
        lease=lease,
        answer=Renewed(ttl=ttl),
    )


def event(at: int, key: str, value: str | None, mod_revision: int) -> WatchEvents:
    return WatchEvents(
        client="w", at=at, watch="w", events=(Event(key=key, value=value, mod_revision=mod_revision),)
    )


def write_history(path: Path, records: Iterable[Record]) -> Path:
    """Write the file of one client process."""
    path.write_text("".join(record.model_dump_json() + "\n" for record in records), encoding="utf-8")
    return path
