"""An etcd that keeps all promises, with clients whose calls overlap and whose outcomes are sometimes unknown."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from campaign.history.records import (
    RECORD,
    SECOND,
    CompareAndSwap,
    Delete,
    Deleted,
    Document,
    Event,
    Get,
    Granted,
    KeyValue,
    LeaseExpired,
    LeaseGrant,
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
    WatchEnd,
    WatchEvents,
    WatchProgress,
    WatchStart,
    Written,
)

MEMBERS = ("8e9e05c52164694d", "91bc3c398fb3c146", "fd422379fda50e48")
KEYS = ("a/1", "a/2", "a/3", "b/1", "b/2")
MILLISECOND = 1_000_000
TTL = 1
"""Seconds that a lease lives. Many calls fit into it."""


@dataclass(frozen=True)
class Workload:
    """How clients use the simulated cluster."""

    calls: int = 200
    clients: int = 4
    keys: tuple[str, ...] = KEYS
    unknown: float = 0.15
    """The share of writes whose outcome is unknown, apart from those that fail."""

    failed: float = 0.05
    values: int = 0
    """How many values there are; 0 if each write has a value of its own."""

    ranges: bool = True
    leases: bool = True
    blind: bool = False
    """Whether transactions do not tell what they found."""


@dataclass(frozen=True)
class Execution:
    """What the clients recorded, and the stores at the end."""

    records: list[Record]
    members: dict[str, list[KeyValue]]
    revision: int


@dataclass(frozen=True)
class _Stored:
    value: str
    mod_revision: int
    lease: int


@dataclass
class _Store:
    """The replicated store, with all its past states."""

    keys: dict[str, _Stored] = field(default_factory=dict[str, _Stored])
    past: list[dict[str, _Stored]] = field(default_factory=lambda: [{}, {}])
    log: list[Event] = field(default_factory=list[Event])
    ends: dict[int, int] = field(default_factory=dict[int, int])
    """When each living lease ends."""

    @property
    def revision(self) -> int:
        return len(self.past) - 1

    def put(self, key: str, value: str, lease: int = 0) -> int:
        self.keys = {**self.keys, key: _Stored(value, self.revision + 1, lease)}
        self.past.append(self.keys)
        self.log.append(Event(key=key, value=value, mod_revision=self.revision))
        return self.revision

    def delete(self, *keys: str) -> int:
        """Delete existing keys at one revision, and return how many there were."""
        existing = [key for key in keys if key in self.keys]
        if existing:
            self.keys = {key: stored for key, stored in self.keys.items() if key not in existing}
            self.past.append(self.keys)
            self.log += [Event(key=key, value=None, mod_revision=self.revision) for key in existing]
        return len(existing)

    def end_lease(self, lease: int) -> None:
        del self.ends[lease]
        self.delete(*(key for key, stored in self.keys.items() if stored.lease == lease))

    def read(self, prefix: str, revision: int, *, exact: bool) -> tuple[KeyValue, ...]:
        return tuple(
            KeyValue(key=key, value=stored.value, mod_revision=stored.mod_revision)
            for key, stored in sorted(self.past[revision].items())
            if (key == prefix if exact else key.startswith(prefix))
        )


class _Simulation:
    def __init__(self, random: Random, workload: Workload) -> None:
        self.random = random
        self.workload = workload
        self.store = _Store()
        self.records: list[Record] = []
        self.applied = dict.fromkeys(MEMBERS, 1)
        self.now = 0
        self.left = workload.calls
        self._order = count()
        self._values = count(1)
        self._leases = count(1000)
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []

    def at(self, time: int, action: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (time, next(self._order), action))

    def after(self, milliseconds: float, action: Callable[[], None]) -> None:
        self.at(self.now + self.random.randint(1, int(milliseconds * MILLISECOND)), action)

    def run(self) -> None:
        while self._agenda:
            self.now, _, action = heapq.heappop(self._agenda)
            action()

    def value(self) -> str:
        number = next(self._values)
        return f"v{self.random.randint(1, self.workload.values) if self.workload.values else number}"

    def grant(self) -> int:
        lease = next(self._leases)
        self.renew(lease)
        return lease

    def renew(self, lease: int) -> None:
        end = self.now + TTL * SECOND
        self.store.ends[lease] = end
        self.at(end + self.random.randint(0, SECOND), lambda: self._expire(lease, end))

    def _expire(self, lease: int, end: int) -> None:
        if self.store.ends.get(lease) == end:
            self.store.end_lease(lease)


@dataclass
class _Client:
    """One client makes one call after the other."""

    name: str
    simulation: _Simulation
    lease: int = 0
    numbers: count[int] = field(default_factory=lambda: count(1))
    known: dict[str, KeyValue] = field(default_factory=dict[str, KeyValue])
    """What it read last."""

    def begin(self) -> None:
        simulation, random = self.simulation, self.simulation.random
        if not simulation.left:
            return
        simulation.left -= 1
        kinds = [self._put, self._put, self._get, self._get, self._stale_get, self._swap, self._delete]
        if simulation.workload.ranges:
            kinds.append(self._range)
        if simulation.workload.leases:
            kinds += [self._use_lease, self._use_lease]
        random.choice(kinds)(random.choice(simulation.workload.keys))

    def _draft(self) -> dict[str, Any]:
        """The fields that each call has before it is sent."""
        begin, call = self.simulation.now, next(self.numbers)
        return {"client": self.name, "call": call, "begin": begin, "outcome": Outcome.UNKNOWN}

    def _call(self, draft: Record, effect: Callable[[], Document | None], *, writes: bool = True) -> None:
        """Let a call take effect between its begin and its end, or later or never if its outcome is unknown.

        An effect without an answer is a refusal.
        """
        simulation, random = self.simulation, self.simulation.random

        def end(outcome: Outcome, answer: Document | None = None) -> None:
            known = {"end": simulation.now, "outcome": outcome, "answer": answer}
            simulation.records.append(RECORD.validate_python({**dict(draft), **known}))
            simulation.after(3, self.begin)

        def answered() -> None:
            answer = effect()
            simulation.after(5, lambda: end(Outcome.OK if answer else Outcome.FAILED, answer))

        def unanswered() -> None:
            effect()

        chance = random.random()
        if not writes or chance > simulation.workload.unknown + simulation.workload.failed:
            simulation.after(5, answered)
        elif chance > simulation.workload.unknown:
            simulation.after(5, lambda: end(Outcome.FAILED))
        else:
            simulation.after(20, lambda: end(Outcome.UNKNOWN))
            if random.random() < 0.6:
                simulation.after(random.choice([10, 10, 200]), unanswered)

    def _put(self, key: str) -> None:
        store, value = self.simulation.store, self.simulation.value()
        self._call(
            Put(**self._draft(), key=key, value=value), lambda: Written(revision=store.put(key, value))
        )

    def _get(self, key: str) -> None:
        draft = Get(**self._draft(), key=key, serializable=False)
        self._call(draft, lambda: self._linearizable(key, exact=True), writes=False)

    def _stale_get(self, key: str) -> None:
        def read() -> Read:
            simulation = self.simulation
            member = simulation.random.choice(MEMBERS)
            revision = simulation.random.randint(simulation.applied[member], simulation.store.revision)
            simulation.applied[member] = revision
            return Read(
                revision=revision, found=simulation.store.read(key, revision, exact=True), member=member
            )

        self._call(Get(**self._draft(), key=key, serializable=True), read, writes=False)

    def _range(self, key: str) -> None:
        prefix = key[:2]
        draft = Range(**self._draft(), prefix=prefix, serializable=False)
        self._call(draft, lambda: self._linearizable(prefix, exact=False), writes=False)

    def _linearizable(self, prefix: str, *, exact: bool) -> Read:
        simulation = self.simulation
        member, revision = simulation.random.choice(MEMBERS), simulation.store.revision
        simulation.applied[member] = revision
        answer = Read(
            revision=revision, found=simulation.store.read(prefix, revision, exact=exact), member=member
        )
        self.known |= {one.key: one for one in answer.found}
        return answer

    def _swap(self, key: str) -> None:
        simulation, value, known = self.simulation, self.simulation.value(), self.known.get(key)
        expected = known.value if known and simulation.random.random() < 0.5 else None
        expected_mod = (known.mod_revision if known else 0) if expected is None else None

        def swap() -> Swapped:
            stored = simulation.store.keys.get(key)
            if expected is None:
                equal = (stored.mod_revision if stored else 0) == expected_mod
            else:
                equal = stored is not None and stored.value == expected
            if equal:
                return Swapped(revision=simulation.store.put(key, value), succeeded=True)
            revision = simulation.store.revision
            found = None if simulation.workload.blind else simulation.store.read(key, revision, exact=True)
            return Swapped(revision=revision, succeeded=False, found=found)

        draft = CompareAndSwap(
            **self._draft(), key=key, value=value, expected_value=expected, expected_mod_revision=expected_mod
        )
        self._call(draft, swap)

    def _delete(self, key: str) -> None:
        def delete() -> Deleted:
            deleted = self.simulation.store.delete(key)
            return Deleted(revision=self.simulation.store.revision, deleted=deleted)

        self._call(Delete(**self._draft(), key=key), delete)

    def _use_lease(self, key: str) -> None:
        if not self.lease:
            self._grant()
        else:
            self.simulation.random.choice(
                [self._put_leased, self._keep_alive, self._keep_alive, self._revoke]
            )(key)

    def _grant(self) -> None:
        def grant() -> Granted:
            self.lease = self.simulation.grant()
            return Granted(lease=self.lease, ttl=TTL)

        self._call(LeaseGrant(**self._draft(), ttl=TTL), grant, writes=False)

    def _put_leased(self, key: str) -> None:
        store, value, lease = self.simulation.store, self.simulation.value(), self.lease
        self._call(
            Put(**self._draft(), key=key, value=value, lease=lease),
            lambda: Written(revision=store.put(key, value, lease)) if lease in store.ends else None,
        )

    def _keep_alive(self, _key: str) -> None:
        lease = self.lease

        def renew() -> Renewed:
            if lease not in self.simulation.store.ends:
                self.lease = 0
                self.simulation.after(5, lambda: self._see_expired(lease))
                return Renewed(ttl=0)
            self.simulation.renew(lease)
            return Renewed(ttl=TTL)

        self._call(LeaseKeepAlive(**self._draft(), lease=lease), renew)

    def _see_expired(self, lease: int) -> None:
        self.simulation.records.append(LeaseExpired(client=self.name, at=self.simulation.now, lease=lease))

    def _revoke(self, _key: str) -> None:
        lease, self.lease = self.lease, 0

        def revoke() -> Revoked | None:
            if lease not in self.simulation.store.ends:
                return None
            self.simulation.store.end_lease(lease)
            return Revoked(revision=self.simulation.store.revision)

        self._call(LeaseRevoke(**self._draft(), lease=lease), revoke)


@dataclass
class _Watcher:
    """A watch that is resumed when its stream ends."""

    name: str
    prefix: str
    simulation: _Simulation
    next: int = 1

    def start(self) -> None:
        self._record(
            WatchStart(
                client="w", at=self.simulation.now, watch=self.name, prefix=self.prefix, revision=self.next
            )
        )
        self.simulation.after(20, self.step)

    def step(self) -> None:
        simulation, random = self.simulation, self.simulation.random
        chance = random.random()
        done = not simulation.left and self.next > simulation.store.revision
        if done and chance > 0.5:
            return
        if chance < 0.1:
            self._record(WatchEnd(client="w", at=simulation.now, watch=self.name, reason="connection lost"))
            simulation.after(50, self.start)
            return
        if chance < 0.3:
            self.deliver(simulation.store.revision)
            revision = max(self.next - 1, simulation.store.revision)
            self._record(WatchProgress(client="w", at=simulation.now, watch=self.name, revision=revision))
            self.next = revision + 1
        else:
            self.deliver(random.randint(self.next - 1, max(self.next - 1, simulation.store.revision)))
        simulation.after(20, self.step)

    def deliver(self, until: int) -> None:
        log = self.simulation.store.log
        events = [
            event
            for event in log[bisect_left(log, self.next, key=lambda event: event.mod_revision) :]
            if event.mod_revision <= until and event.key.startswith(self.prefix)
        ]
        if events:
            self._record(
                WatchEvents(client="w", at=self.simulation.now, watch=self.name, events=tuple(events))
            )
            self.next = events[-1].mod_revision + 1

    def _record(self, record: Record) -> None:
        self.simulation.records.append(record)


def simulate(seed: int, workload: Workload | None = None) -> Execution:
    """Return a random execution without any fault of the cluster."""
    workload = workload or Workload()
    simulation = _Simulation(Random(seed), workload)  # noqa: S311
    for number in range(workload.clients):
        simulation.after(5, _Client(f"c-{number}", simulation).begin)
    watchers = [_Watcher(prefix, prefix, simulation) for prefix in ("a/", "b/")]
    for watcher in watchers:
        simulation.after(5, watcher.start)
    simulation.run()
    for watcher in watchers:
        watcher.deliver(simulation.store.revision)
    store = simulation.store
    final = list(store.read("", store.revision, exact=False))
    return Execution(simulation.records, dict.fromkeys(MEMBERS, final), store.revision)
