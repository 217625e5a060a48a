"""Checks that no lease expired early.

A lease lives for its time after each acknowledged grant or renewal. The member renewed it after the client had sent
the request, so the time counts from there. The proof of an early end is a client that had seen the end before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from campaign.history.changes import Changes
from campaign.history.problem import Problem
from campaign.history.records import (
    SECOND,
    Call,
    Get,
    LeaseExpired,
    LeaseGrant,
    LeaseKeepAlive,
    LeaseRevoke,
    Outcome,
    Range,
    Record,
    WatchEvents,
)

CHECK = "leases"


@dataclass(frozen=True)
class _Ended:
    """A proof that a lease had ended at a time."""

    lease: int
    at: int
    text: str


@dataclass(frozen=True)
class _Extended:
    """A proof that a lease lived until a time, unless it was revoked."""

    until: int
    call: Call
    ttl: int


def lease_problems(records: Sequence[Record], changes: Changes) -> list[Problem]:
    """Return the leases that ended early."""
    extended: dict[int, list[_Extended]] = defaultdict(list)
    revoked: dict[int, int] = {}
    for record in records:
        match record:
            case LeaseGrant(answer=answer) if answer is not None:
                extended[answer.lease].append(_extended(record, answer.ttl))
            case LeaseKeepAlive(answer=answer) if answer is not None and answer.ttl > 0:
                extended[record.lease].append(_extended(record, answer.ttl))
            case LeaseRevoke() if record.outcome is not Outcome.FAILED:
                revoked[record.lease] = min(record.begin, revoked.get(record.lease, record.begin))
            case _:
                pass
    found: list[Problem] = []
    for ended in (ended for record in records for ended in _ended(record, changes)):
        longest = max(extended[ended.lease], key=lambda one: one.until, default=None)
        if ended.lease in revoked and revoked[ended.lease] <= ended.at:
            continue
        if longest is not None and ended.at < longest.until:
            early = (longest.until - ended.at) / SECOND
            found.append(
                Problem(
                    CHECK,
                    f"lease {ended.lease} ended at least {early:.3f} s early: {ended.text}, though {longest.call.who} "
                    f"extended it for {longest.ttl} s",
                )
            )
    return found


def _extended(call: Call, ttl: int) -> _Extended:
    return _Extended(call.begin + ttl * SECOND, call, ttl)


def _ended(record: Record, changes: Changes) -> list[_Ended]:
    match record:
        case LeaseExpired():
            return [_Ended(record.lease, record.at, f"client {record.client} was told so")]
        case LeaseKeepAlive(answer=answer) if answer is not None and answer.ttl <= 0:
            return [_Ended(record.lease, record.ended, f"{record.who} could not renew it")]
        case Get(answer=answer) if answer is not None and not answer.found:
            return _without_key(record.key, answer.revision, record.ended, record.who, changes)
        case Range(answer=answer) if answer is not None:
            absent = {key for key in changes.known_keys() if key.startswith(record.prefix)}
            absent -= {one.key for one in answer.found}
            return [
                ended
                for key in sorted(absent)
                for ended in _without_key(key, answer.revision, record.ended, record.who, changes)
            ]
        case WatchEvents():
            who = f"watch {record.watch} of client {record.client}"
            return [
                ended
                for event in record.events
                if event.value is None and changes.at_revision(event.mod_revision) is None
                for ended in _without_key(event.key, event.mod_revision - 1, record.at, who, changes)
            ]
        case _:
            return []


def _without_key(key: str, revision: int, at: int, who: str, changes: Changes) -> list[_Ended]:
    """Return the end of the lease that deleted a key, if nothing else can have deleted it."""
    last = changes.last_lease(key, revision)
    if last is None or not changes.only_lease_can_delete(key, last.lease, at):
        return []
    return [_Ended(last.lease, at, f"{who} saw the end of {last}")]
