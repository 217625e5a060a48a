"""Latency of writes during a backup and during defragmentation, compared with neither."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from bench import engine
from bench.backups import FIRST_KEY_BYTES, VALUE_BYTES, VALUE_PAGES
from bench.errors import BenchError
from bench.etcdctl import Status, client_environment, etcdctl, statuses
from bench.figures import Figure, compared
from bench.workplace import Workplace
from bench.writing import Load, Writes, put
from localcloud.checkout import CHECKOUT
from localcloud.machines.machine import known_machines

ROUNDS = 5
"""Timed loads of each kind, in turns."""

RATE = 500
"""Writes in a second. The cluster can take far more."""

LEAST_SECONDS = 4.0
"""Least seconds of a load. A load lasts as long as the work beside it, if that is longer."""

IN_USE = 120 << 20
"""Bytes of the database that remain in use."""

GARBAGE = 180 << 20
"""Bytes that are written over the same keys before each round, and then compacted."""

LEAST_FREE = 100 << 20
"""A member defragments when its file has this many free bytes, and when they are at least half of it."""

LIMIT = 300.0
"""Seconds that one backup may take, or the defragmentation of all members, or a compaction."""

GROUP_NICENESS = 10
"""Niceness of the backup's processes among all others: the tenth of etcd's share that ``CPUWeight`` gives on a droplet.

Where no unit has a share of its own, the kernel makes a group of each unit's session, and a process's own niceness
counts only within that (https://man7.org/linux/man-pages/man7/sched.7.html, the autogroup feature).
"""

NOTHING, BACKUP, DEFRAGMENT = "nothing", "a backup", "defragmentation"

_BACK_UP = "/usr/bin/python3 -ES /etc/etcd/prepare_cluster.py backup-now"
_NOW = f"""
mkdir -p /run/systemd/system/etcd-backup.service.d
cat > /run/systemd/system/etcd-backup.service.d/now.conf <<END
[Service]
ExecStart=
ExecStart=/bin/sh -c 'echo {GROUP_NICENESS} >/proc/self/autogroup; exec {_BACK_UP}'
END
systemctl daemon-reload
systemctl stop etcd-reconcile.service etcd-backup.service etcd-defragment.timer
"""
_POLL = 0.2


def measure_upkeep(place: Workplace) -> list[Figure]:
    """Measure all figures of this part. Begins with a cluster or none, and ends with a healthy one.

    Raises ``BenchError``.
    """
    return _Upkeep(place).measure()


class _Upkeep:
    def __init__(self, place: Workplace) -> None:
        self._place = place
        engine.destroy(CHECKOUT)
        place.say("pulumi up")
        engine.up(CHECKOUT)
        self._client = client_environment(place)
        self._endpoints = [status.endpoint for status in statuses(self._client)]

    def measure(self) -> list[Figure]:
        # The timer's unit takes a backup at every start from now on, with its own niceness.
        for machine in known_machines(self._place.cloud.layout):
            self._place.on(str(machine.id), ["sh", "-c", _NOW], LIMIT)
        self._fill(IN_USE)
        works: dict[str, Callable[[], None]] = {
            NOTHING: lambda: None,
            BACKUP: self._back_up,
            DEFRAGMENT: self._defragment,
        }
        self._fragment()
        self._place.say("timing a backup and defragmentation alone: the loads beside them last as long")
        seconds = {kind: _timed(work) for kind, work in works.items()}
        self._place.say(
            f"  alone a backup takes {seconds[BACKUP]:.1f} s, defragmentation of all members "
            f"{seconds[DEFRAGMENT]:.1f} s"
        )
        loads: dict[str, list[Load]] = {kind: [] for kind in works}
        for number in range(1, ROUNDS + 1):
            self._fragment()
            self._place.say(f"round {number} of {ROUNDS}: {RATE} writes a second")
            # Defragmentation comes last, because it leaves nothing to defragment.
            for kind in (NOTHING, BACKUP, DEFRAGMENT) if number % 2 else (BACKUP, NOTHING, DEFRAGMENT):
                loads[kind].append(self._load(works[kind], seconds[kind]))
            self._place.say("  " + "; ".join(f"{kind} {_summary(seen[-1])}" for kind, seen in loads.items()))
        return figures(loads[NOTHING], loads[BACKUP], loads[DEFRAGMENT])

    def _load(self, work: Callable[[], None], seconds: float) -> Load:
        # Otherwise the disk would still be busy with earlier writes.
        os.sync()
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(work)
            writes = Writes(writes_in(seconds), rate=RATE)
            load = put(self._endpoints, self._client, writes, may_fail=True)
            running.result()
        return load

    def _back_up(self) -> None:
        """Take a backup on the member that takes it when all are healthy: the first follower by name."""
        first = next(status for status in statuses(self._client) if not status.leads)
        self._place.on(first.name, ["systemctl", "start", "etcd-backup.service"], LIMIT)

    def _defragment(self) -> None:
        """Defragment all members, one after the other and the leader last, as their timers do."""
        deadline = time.monotonic() + LIMIT
        while left := [status for status in statuses(self._client) if fragmented(status)]:
            if time.monotonic() > deadline:
                names = ", ".join(status.name for status in left)
                raise BenchError(
                    f"{names} did not defragment within {LIMIT:.0f} s: see journalctl -u etcd-defragment there"
                )
            for status in sorted(left, key=lambda status: status.leads):
                self._place.on(status.name, ["systemctl", "start", "etcd-defragment.service"], LIMIT)

    def _fragment(self) -> None:
        """Overwrite the keys and compact, so that more than half of every database is free."""
        self._fill(GARBAGE)
        etcdctl(self._client, "compaction", "--physical", str(statuses(self._client)[0].revision))
        deadline = time.monotonic() + LIMIT
        while not all(fragmented(status) for status in statuses(self._client)):
            if time.monotonic() > deadline:
                raise BenchError(
                    f"a compaction left too little to defragment after {LIMIT:.0f} s: {statuses(self._client)}"
                )
            time.sleep(_POLL)

    def _fill(self, size: int) -> None:
        writes = Writes(size // VALUE_PAGES, VALUE_BYTES, FIRST_KEY_BYTES, keys=IN_USE // VALUE_PAGES)
        put(self._endpoints, self._client, writes)


def fragmented(status: Status) -> bool:
    """Whether the program would defragment a member, by its default limits."""
    free = status.size - status.in_use
    return free >= LEAST_FREE and 2 * free >= status.size


def writes_in(seconds: float) -> int:
    """The number of writes of a load that lasts so long."""
    return round(RATE * max(seconds, LEAST_SECONDS))


def figures(nothing: Sequence[Load], backup: Sequence[Load], defragment: Sequence[Load]) -> list[Figure]:
    """The medians of the loads beside each work, compared with the load beside nothing."""
    return [
        figure
        for what, loads in (("a backup", backup), ("defragmentation", defragment))
        for figure in (
            compared(f"p99 latency of {RATE} writes/s during {what}", _p99(loads), _p99(nothing), unit="ms"),
            Figure(f"  of all writes during {what}, failed", _failed(loads), "writes", _failed(nothing)),
        )
    ]


def _p99(loads: Sequence[Load]) -> float:
    return statistics.median(load.p99 for load in loads)


def _failed(loads: Sequence[Load]) -> int:
    return sum(load.failed for load in loads)


def _summary(load: Load) -> str:
    return f"p99 {load.p99:.1f} ms" + (f", {load.failed} failed" if load.failed else "")


def _timed(work: Callable[[], None]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began
