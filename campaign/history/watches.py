"""Checks that watches have each change once, in order, from the revision asked for, across ended streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from campaign.history.changes import Change, Changes
from campaign.history.problem import Problem
from campaign.history.records import Event, Record, WatchEnd, WatchEvents, WatchProgress, WatchStart

CHECK = "watches"


@dataclass
class _Stream:
    """One stream of a watch, with all that came on it."""

    start: WatchStart
    reached: int
    """The stream claims to have delivered all changes from its start up to this revision."""

    events: list[tuple[Event, int]] = field(default_factory=list[tuple[Event, int]])
    """In the order in which they came, each with its time."""

    compacted: int = 0
    """Earlier revisions were compacted, so the next stream need not have them."""


@dataclass
class _Watch:
    """All streams of a watch, in order."""

    name: str
    streams: list[_Stream] = field(default_factory=list[_Stream])
    problems: list[Problem] = field(default_factory=list[Problem])

    def found(self, text: str) -> None:
        self.problems.append(Problem(CHECK, f"{self.name} {text}"))


def watch_problems(records: Sequence[Record], changes: Changes, until: int = 0) -> list[Problem]:
    """Return what contradicts the promises of watches.

    ``until`` is a revision that every watch had time to reach: all changes up to it must have come.
    """
    watches = _watches(records)
    for watch in watches:
        for stream in watch.streams:
            _check_events(watch, stream, changes)
            _check_complete(watch, stream, changes)
        _check_streams(watch, changes, until)
    return [problem for watch in watches for problem in watch.problems]


def _watches(records: Sequence[Record]) -> list[_Watch]:
    watches: dict[tuple[str, str], _Watch] = {}
    for record in records:
        if not isinstance(record, (WatchStart, WatchEvents, WatchProgress, WatchEnd)):
            continue
        name = f"watch {record.watch} of client {record.client}"
        watch = watches.setdefault((record.client, record.watch), _Watch(name))
        if isinstance(record, WatchStart):
            watch.streams.append(_Stream(record, record.revision - 1))
        elif not watch.streams:
            watch.found("has records before its start")
        else:
            _add(watch.streams[-1], record)
    return list(watches.values())


def _add(stream: _Stream, record: WatchEvents | WatchProgress | WatchEnd) -> None:
    match record:
        case WatchEvents():
            stream.events += [(event, record.at) for event in record.events]
            # The header of a response with events can name a later revision: more events may follow.
            stream.reached = max([stream.reached, *(event.mod_revision for event in record.events)])
        case WatchProgress():
            stream.reached = max(stream.reached, record.revision)
        case WatchEnd():
            stream.compacted = record.compact_revision


def _check_events(watch: _Watch, stream: _Stream, changes: Changes) -> None:
    """Check order, repetitions and origin of the events of one stream."""
    prefix, first = stream.start.prefix, stream.start.revision
    latest = 0
    had: set[tuple[str, int]] = set()
    for event, at in stream.events:
        text = _text(event)
        if not event.key.startswith(prefix):
            watch.found(f"has {text}, though it asked for {prefix}")
        if event.mod_revision < first:
            watch.found(f"has {text}, though it asked for revision {first}")
        elif (event.key, event.mod_revision) in had:
            watch.found(f"has {text} twice")
        elif event.mod_revision < latest:
            watch.found(f"has {text} after revision {latest}")
        if why := changes.why_impossible(event.key, event.value, event.mod_revision, at):
            watch.found(f"has {text}, but {why}")
        had.add((event.key, event.mod_revision))
        latest = max(latest, event.mod_revision)


def _check_complete(watch: _Watch, stream: _Stream, changes: Changes) -> None:
    """Check that no change is missing from a stream that has later ones, or progress beyond it."""
    had = {(event.key, event.mod_revision) for event, _ in stream.events}
    for change in _expected(stream.start.prefix, stream.start.revision, stream.reached, changes):
        if (change.key, change.revision) not in had:
            watch.found(
                f"misses {change}, though it asked for {stream.start.revision} and has {stream.reached}"
            )


def _check_streams(watch: _Watch, changes: Changes, until: int) -> None:
    """Check that each stream goes on where the one before ended, and that the last ones reach ``until``."""
    for before, after in zip(watch.streams, watch.streams[1:], strict=False):
        missed = max(before.reached + 1, before.compacted)
        for change in _expected(after.start.prefix, missed, after.start.revision - 1, changes):
            watch.found(f"misses {change}: it was resumed at revision {after.start.revision}")
    if watch.streams:
        last = watch.streams[-1]
        for change in _expected(last.start.prefix, max(last.reached + 1, last.compacted), until, changes):
            watch.found(f"misses {change} at the end: it has reached revision {last.reached}")


def _expected(prefix: str, first: int, last: int, changes: Changes) -> list[Change]:
    return [change for change in changes.certain(first, last) if change.key.startswith(prefix)]


def _text(event: Event) -> str:
    what = f"the delete of {event.key}" if event.value is None else f"{event.key}={event.value}"
    return f"{what} at revision {event.mod_revision}"
