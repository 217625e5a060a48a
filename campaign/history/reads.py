"""Checks what reads returned against the state that the writes gave at the revision of the answer.

This holds for all reads. A serializable one may be stale: its revision may be old. It is never wrong. One member's
revisions never go back, so neither do the reads that it answers.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence

from campaign.history.changes import Change, Changes, reads_of
from campaign.history.problem import Problem
from campaign.history.records import Call, CompareAndSwap, Get, KeyValue, Range, Read, Record

CHECK = "reads"


def read_problems(records: Sequence[Record], changes: Changes) -> list[Problem]:
    """Return what contradicts the states of the store."""
    found: list[Problem] = []
    for record in records:
        if isinstance(record, (Get, Range, CompareAndSwap)) and (read := reads_of(record)) is not None:
            kvs, revision = read
            found += _wrong(record, kvs, revision, changes)
    return [*found, *_gone_back(records)]


def _wrong(
    record: Get | Range | CompareAndSwap, kvs: Sequence[KeyValue], revision: int, changes: Changes
) -> list[Problem]:
    returned = {one.key: one for one in kvs}
    read = {key for key in changes.known_keys() if _covers(record, key)} | set(returned)
    texts = [
        text
        for key in sorted(read)
        if (text := _why_wrong(record, returned.get(key), key, revision, changes))
    ]
    texts += [f"which returned {key}, was not asked for it" for key in returned if not _covers(record, key)]
    return [Problem(CHECK, f"{record.who}, {text}") for text in texts]


def _covers(record: Get | Range | CompareAndSwap, key: str) -> bool:
    return key.startswith(record.prefix) if isinstance(record, Range) else key == record.key


def _why_wrong(
    record: Get | Range | CompareAndSwap, found: KeyValue | None, key: str, revision: int, changes: Changes
) -> str:
    last = changes.last_known(key, revision)
    answer = f"at revision {revision}, returned "
    if found is None:
        if last is None or last.value is None:
            return ""
        if changes.lasted_until(last) < revision and changes.possible_delete(key, record.ended, last):
            return ""
        return f"{answer}no {key}, but revision {revision} has {last}"
    answer += f"{key}={found.value} of revision {found.mod_revision}, but "
    if found.mod_revision > revision:
        return f"{answer}that is later"
    if why := changes.why_impossible(key, found.value, found.mod_revision, record.ended):
        return f"{answer}{why}"
    return f"{answer}revision {revision} has {last}" if _is_later(last, found) else ""


def _is_later(last: Change | None, found: KeyValue) -> bool:
    return last is not None and last.revision > found.mod_revision


def _gone_back(records: Sequence[Record]) -> list[Problem]:
    by_member: dict[str, list[tuple[Call, Read]]] = defaultdict(list)
    for record in records:
        if isinstance(record, (Get, Range)) and record.answer is not None and record.answer.member:
            by_member[record.answer.member].append((record, record.answer))
    return [problem for member, reads in by_member.items() for problem in _gone_back_at(member, reads)]


def _gone_back_at(member: str, reads: Sequence[tuple[Call, Read]]) -> list[Problem]:
    found: list[Problem] = []
    ended: list[tuple[int, int, str]] = []
    latest, by = 0, ""
    for call, answer in sorted(reads, key=lambda read: read[0].begin):
        while ended and ended[0][0] < call.begin:
            _, revision, who = heapq.heappop(ended)
            latest, by = max((latest, by), (revision, who))
        if answer.revision < latest:
            found.append(
                Problem(
                    CHECK,
                    f"member {member} answered {call.who} at revision {answer.revision}, after it had answered {by} "
                    f"at revision {latest}",
                )
            )
        heapq.heappush(ended, (call.ended, answer.revision, call.who))
    return found
