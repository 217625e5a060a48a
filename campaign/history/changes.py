"""What the calls of a history changed, or may have changed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from campaign.history.records import (
    Call,
    CompareAndSwap,
    Delete,
    Get,
    KeyValue,
    Outcome,
    Put,
    Range,
    Record,
    WatchEvents,
)


@dataclass(frozen=True)
class Change:
    """One change of one key by a call, certain or possible."""

    key: str
    value: str | None
    """``None`` if the key is deleted."""

    call: Call
    revision: int = 0
    """0 if it is unknown."""

    lease: int = 0
    """The lease of the key after the change, or 0."""

    @property
    def acknowledged(self) -> bool:
        """Whether the cluster confirmed this change, and not only the call from which it may come."""
        return (
            self.revision > 0
            and self.call.acknowledged
            and (self.value is None) == isinstance(self.call, Delete)
        )

    def __str__(self) -> str:
        what = f"the delete of {self.key}" if self.value is None else f"{self.key}={self.value}"
        where = f" at revision {self.revision}" if self.revision else ""
        return f"{what}{where} ({self.call.who})"


@dataclass(frozen=True)
class Seen:
    """A key and value that some answer or event had, with its revision."""

    key: str
    value: str
    mod_revision: int
    at: int
    """When the client had it."""

    where: str
    """The call or watch that had it."""


class Changes:
    """All changes of a history, by revision and by key."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.acknowledged = [change for record in records for change in _acknowledged(record)]
        """The changes that the cluster confirmed, in the order of the records."""

        self.seen = [seen for record in records for seen in _seen(record)]
        """All keys and values that answers and events had, in the order of the records."""

        self._seen_deletes = [deleted for record in records for deleted in _seen_deletes(record)]
        self._by_revision = {change.revision: change for change in self.acknowledged}
        self._ordered = sorted(self._by_revision.values(), key=lambda change: change.revision)
        self._possible_writes: dict[tuple[str, str], list[Change]] = defaultdict(list)
        self._possible_deletes: dict[str, list[Change]] = defaultdict(list)
        self._failed: dict[tuple[str, str], Call] = {}
        for record in records:
            self._add_possible(record)
        self._known = self._known_changes()
        self._lasted: dict[tuple[str, int], int] = {}
        for record in records:
            kvs, revision = reads_of(record) or ((), 0)
            for one in kvs:
                written = (one.key, one.mod_revision)
                self._lasted[written] = max(revision, self._lasted.get(written, 0))

    def at_revision(self, revision: int) -> Change | None:
        """Return the acknowledged change of a revision."""
        return self._by_revision.get(revision)

    def last_known(self, key: str, revision: int) -> Change | None:
        """Return the last change of a key that certainly happened at or before a revision."""
        known = self._known.get(key, [])
        position = bisect_right(known, revision, key=lambda change: change.revision)
        return known[position - 1] if position else None

    def lasted_until(self, change: Change) -> int:
        """Return the last revision at which a read found a change, or 0. Nothing else changed the key before."""
        return self._lasted.get((change.key, change.revision), 0)

    def last_lease(self, key: str, revision: int) -> Change | None:
        """Return the last change of a key that certainly happened by a revision, if it gave the key a lease.

        A change that ended the lease may already be known at that revision: it is left out.
        """
        known = [change for change in self._known.get(key, []) if change.revision <= revision]
        while known and known[-1].value is None and not known[-1].acknowledged:
            known.pop()
        return known[-1] if known and known[-1].lease else None

    def certain(self, first: int, last: int) -> list[Change]:
        """Return the acknowledged changes from a revision to another, both included."""
        begin = bisect_left(self._ordered, first, key=lambda change: change.revision)
        end = bisect_right(self._ordered, last, key=lambda change: change.revision)
        return self._ordered[begin:end]

    def known_keys(self) -> Iterable[str]:
        """Return the keys that certainly changed."""
        return self._known

    def possible_delete(self, key: str, before: int, last: Change | None) -> Change | None:
        """Return an unacknowledged deletion of a key that began before a time and may have followed on ``last``.

        It is that of a call, or that of a lease. A lease deletes the key only while it is the key's last lease.
        """
        for one in self._possible_deletes.get(key, []):
            attached = (
                not one.lease or not one.call.acknowledged or (last is not None and last.call is one.call)
            )
            if attached and one.call.begin <= before:
                return one
        return None

    def only_lease_can_delete(self, key: str, lease: int, before: int) -> bool:
        """Whether before a time no other lease, and no call but a revocation, can have deleted a key with a lease."""
        return all(
            change.lease == lease or (change.lease and change.call.acknowledged) or change.call.begin > before
            for change in self._possible_deletes.get(key, [])
        )

    def why_impossible(self, key: str, value: str | None, revision: int, at: int) -> str:
        """Return why no call explains a change that a client had at a time; an empty string if one does."""
        if (acknowledged := self._by_revision.get(revision)) is not None:
            if (acknowledged.key, acknowledged.value) != (key, value):
                return f"revision {revision} is {acknowledged}"
            if acknowledged.call.begin > at:
                return f"{acknowledged} began later"
            return ""
        if value is None:
            last = self.last_known(key, revision - 1)
            return "" if self.possible_delete(key, at, last) else f"no call deleted {last or key}"
        if any(one.call.begin <= at for one in self._possible_writes.get((key, value), [])):
            return ""
        return self._why_not_written(key, value)

    def _why_not_written(self, key: str, value: str) -> str:
        if other := [one for one in self.acknowledged if (one.key, one.value) == (key, value)]:
            return f"it is another revision of {other[0]}"
        if (failed := self._failed.get((key, value))) is not None:
            return f"{failed.who} wrote it without success"
        return "no call wrote it before"

    def written_once(self) -> set[tuple[str, str]]:
        """Return the keys with values that exactly one call may have written."""
        counts: dict[tuple[str, str], int] = defaultdict(int)
        for change in self.acknowledged:
            if change.value is not None:
                counts[change.key, change.value] += 1
        for written, changes in self._possible_writes.items():
            counts[written] += len(changes)
        return {written for written, count in counts.items() if count == 1}

    def _add_possible(self, record: Record) -> None:
        if not isinstance(record, (Put, CompareAndSwap, Delete)):
            return
        unknown = record.outcome is Outcome.UNKNOWN
        if isinstance(record, Delete):
            if unknown:
                self._possible_deletes[record.key].append(Change(record.key, None, record))
            return
        lease = record.lease if isinstance(record, Put) else 0
        if unknown:
            self._possible_writes[record.key, record.value].append(
                Change(record.key, record.value, record, lease=lease)
            )
        elif record.outcome is Outcome.FAILED or _was_refused(record):
            self._failed[record.key, record.value] = record
        if lease and record.outcome is not Outcome.FAILED:
            # The end of the lease deletes the key.
            self._possible_deletes[record.key].append(Change(record.key, None, record, lease=lease))

    def _known_changes(self) -> dict[str, list[Change]]:
        known = {(change.key, change.revision): change for change in self.acknowledged}
        for seen in self.seen:
            writes = self._possible_writes.get((seen.key, seen.value))
            if writes and seen.mod_revision not in self._by_revision:
                first = writes[0]
                known.setdefault(
                    (seen.key, seen.mod_revision),
                    Change(seen.key, seen.value, first.call, seen.mod_revision, first.lease),
                )
        for key, revision, at in self._seen_deletes:
            if revision not in self._by_revision:
                for one in self._possible_deletes.get(key, []):
                    if one.call.begin <= at:
                        known.setdefault((key, revision), Change(key, None, one.call, revision))
        by_key: dict[str, list[Change]] = defaultdict(list)
        for (key, _), change in sorted(known.items(), key=lambda item: item[0]):
            by_key[key].append(change)
        return by_key


def reads_of(record: Record) -> tuple[tuple[KeyValue, ...], int] | None:
    """Return what a record read, and the revision of the store that it read; ``None`` if it read nothing."""
    match record:
        case Get(answer=answer) | Range(answer=answer) if answer is not None:
            return answer.found, answer.revision
        case CompareAndSwap(answer=answer) if answer is not None and answer.found is not None:
            return answer.found, answer.revision
        case _:
            return None


def _acknowledged(record: Record) -> list[Change]:
    match record:
        case Put(answer=answer) if answer is not None:
            return [Change(record.key, record.value, record, answer.revision, record.lease)]
        case CompareAndSwap(answer=answer) if answer is not None and answer.succeeded:
            return [Change(record.key, record.value, record, answer.revision)]
        case Delete(answer=answer) if answer is not None and answer.deleted:
            return [Change(record.key, None, record, answer.revision)]
        case _:
            return []


def _was_refused(record: Put | CompareAndSwap) -> bool:
    return isinstance(record, CompareAndSwap) and record.answer is not None and not record.answer.succeeded


def _seen(record: Record) -> list[Seen]:
    if isinstance(record, WatchEvents):
        where = f"watch {record.watch} of client {record.client}"
        return [
            Seen(event.key, event.value, event.mod_revision, record.at, where)
            for event in record.events
            if event.value is not None
        ]
    if not isinstance(record, Call) or (read := reads_of(record)) is None:
        return []
    return [Seen(one.key, one.value, one.mod_revision, record.ended, record.who) for one in read[0]]


def _seen_deletes(record: Record) -> list[tuple[str, int, int]]:
    """Return the keys that a watch saw deleted, each with its revision and the time."""
    if not isinstance(record, WatchEvents):
        return []
    return [(event.key, event.mod_revision, record.at) for event in record.events if event.value is None]
