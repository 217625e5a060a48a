"""Checks that revisions agree with real time, and that no write has two of them.

etcd gives each write the next revision. So a call that began after another one ended never has a smaller one, and a
write has a larger one.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from campaign.history.changes import Changes
from campaign.history.problem import Problem
from campaign.history.records import Call, CompareAndSwap, Delete, Get, Put, Range, Record

CHECK = "revisions"


@dataclass(frozen=True)
class _Numbered:
    """A linearizable call with the revision of its answer."""

    call: Call
    revision: int
    wrote: bool


def revision_problems(records: Sequence[Record], changes: Changes) -> list[Problem]:
    """Return what contradicts the order of revisions."""
    return [
        *_shared(changes),
        *_against_real_time([numbered for record in records if (numbered := _numbered(record)) is not None]),
        *_applied_twice(changes),
    ]


def _shared(changes: Changes) -> list[Problem]:
    return [
        Problem(CHECK, f"{change} and {other} have one revision")
        for change in changes.acknowledged
        if (other := changes.at_revision(change.revision)) is not None and other.call is not change.call
    ]


def _against_real_time(calls: Sequence[_Numbered]) -> list[Problem]:
    found: list[Problem] = []
    ended: list[tuple[int, int, _Numbered]] = []
    latest: _Numbered | None = None
    for order, one in enumerate(sorted(calls, key=lambda numbered: numbered.call.begin)):
        while ended and ended[0][0] < one.call.begin:
            _, _, before = heapq.heappop(ended)
            if latest is None or before.revision > latest.revision:
                latest = before
        if latest is not None and one.revision < latest.revision + one.wrote:
            found.append(
                Problem(
                    CHECK,
                    f"{one.call.who} has revision {one.revision}, but began after the end of {latest.call.who}, "
                    f"which has revision {latest.revision}",
                )
            )
        heapq.heappush(ended, (one.call.ended, order, one))
    return found


def _applied_twice(changes: Changes) -> list[Problem]:
    once = changes.written_once()
    revisions: dict[tuple[str, str], set[int]] = defaultdict(set)
    for change in changes.acknowledged:
        if change.value is not None:
            revisions[change.key, change.value].add(change.revision)
    for seen in changes.seen:
        revisions[seen.key, seen.value].add(seen.mod_revision)
    return [
        Problem(CHECK, f"{key}={value} was written once, but has revisions {sorted(given)}")
        for (key, value), given in revisions.items()
        if len(given) > 1 and (key, value) in once
    ]


def _numbered(record: Record) -> _Numbered | None:
    match record:
        case Put(answer=answer) if answer is not None:
            return _Numbered(record, answer.revision, wrote=True)
        case CompareAndSwap(answer=answer) if answer is not None:
            return _Numbered(record, answer.revision, answer.succeeded)
        case Delete(answer=answer) if answer is not None:
            return _Numbered(record, answer.revision, answer.deleted > 0)
        case Get(answer=answer, serializable=False) | Range(answer=answer, serializable=False) if (
            answer is not None
        ):
            return _Numbered(record, answer.revision, wrote=False)
        case _:
            return None
