"""Time, API calls and memory of bootstrapping a cluster."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench import engine
from bench.engine import Run
from bench.figures import Figure, compared
from bench.floor import Floor, next_addresses
from bench.memory import Memory, Sample
from bench.observer import Bootstrap, Observer
from bench.phases import PHASES, split
from bench.requests import logged_calls, most_until_healthy, per_hour, scheduled_per_hour
from bench.workplace import Workplace
from localcloud.checkout import CHECKOUT

MEMBERS = 3

ROUNDS = 3
"""Timed bootstraps by the program, and as many of the floor, in turns."""

WINDOW = 75.0
"""Seconds for which the calls of a healthy cluster are counted, at the least."""

LIMIT = 180.0
"""Seconds that one bootstrap by the program may take."""


@dataclass(frozen=True)
class Up:
    """One whole ``pulumi up`` that bootstrapped a cluster."""

    run: Run
    bootstrap: Bootstrap
    phases: dict[str, float]
    """Seconds by phase."""
    calls: int
    """DigitalOcean API calls of the busiest member until the cluster was healthy."""


def measure_bootstrap(place: Workplace) -> list[Figure]:
    """Measure all figures of this part. Begins with no cluster, and ends with a healthy one.

    Raises ``BenchError``.
    """
    return _Bootstraps(place).measure()


class _Bootstraps:
    """Measures in an order in which each step leaves behind what the next step needs."""

    def __init__(self, place: Workplace) -> None:
        self._cloud = place.cloud
        self._say = place.say
        self._observer = Observer(place.cloud.layout, MEMBERS)
        self._floor = Floor(self._observer)
        self._memory = Memory(place.cloud.layout.cgroup)

    def measure(self) -> list[Figure]:
        # The first bootstrap fills caches, and gives the floor its certificates. It is sampled, and not timed.
        with self._memory.sampling() as peak:
            last = self._bootstrap("untimed, sampling memory")
        plan = self._floor.plan(last.bootstrap)
        floors: list[Bootstrap] = []
        ups: list[Up] = []
        for number in range(1, ROUNDS + 1):
            self._say("removing the cluster")
            engine.destroy(CHECKOUT)
            self._say(f"bootstrap {number} of {ROUNDS}: the floor, configured by hand")
            floors.append(self._floor.bootstrap(plan, next_addresses(last.bootstrap)))
            self._say(f"  {floors[-1].seconds:.2f} s from the first boot to a healthy cluster")
            last = self._bootstrap(f"{number} of {ROUNDS}")
            ups.append(last)
        with self._memory.sampling() as later:
            self._wait_for_window(last.bootstrap)
        until = time.time()
        return [
            compared(
                "from the first droplet's boot to a healthy cluster",
                statistics.median(up.bootstrap.seconds for up in ups),
                statistics.median(floor.seconds for floor in floors),
                unit="s",
                limit=1.3,
            ),
            Figure(
                "DigitalOcean API calls per member until healthy",
                max(up.calls for up in ups),
                "calls",
                limit=4,
            ),
            Figure(
                "DigitalOcean API calls per member and hour afterwards, observed",
                round(per_hour(logged_calls(self._cloud), last.bootstrap, until), 1),
                "calls",
            ),
            Figure(
                "DigitalOcean API calls per member and hour afterwards, by the schedule",
                scheduled_per_hour(),
                "calls",
            ),
            *_whole_run(ups),
            *_memory(max(peak.sample, later.sample, key=lambda sample: sample.total)),
        ]

    def _bootstrap(self, which: str) -> Up:
        self._say(f"bootstrap {which}: pulumi up")
        with self._observer.watching_bootstrap(LIMIT) as future:
            run = engine.up(CHECKOUT)
            bootstrap = future.result()
        calls = [call for call in logged_calls(self._cloud) if call.time >= run.began]
        phases = split(self._cloud, run, bootstrap, calls)
        self._say(
            f"  {bootstrap.seconds:.2f} s from the first boot to a healthy cluster; {run.seconds:.2f} s in all"
        )
        return Up(run, bootstrap, phases, most_until_healthy(calls, bootstrap))

    def _wait_for_window(self, bootstrap: Bootstrap) -> None:
        left = bootstrap.healthy + WINDOW - time.time()
        if left > 0:
            self._say(f"counting API calls for another {left:.0f} s")
            time.sleep(left)


def _whole_run(ups: Sequence[Up]) -> list[Figure]:
    """The run of median length and its phases, whose sum it is."""
    middle = sorted(ups, key=lambda up: up.run.seconds)[len(ups) // 2]
    whole = Figure("the whole pulumi up", round(middle.run.seconds, 2), "s")
    return [
        whole,
        *(Figure(f"  of it {phase}", round(middle.phases[phase], 2), "s") for phase in PHASES),
    ]


def _memory(peak: Sample) -> list[Figure]:
    return [
        Figure("peak memory of the local cloud", round(peak.total / 2**20), "MiB"),
        Figure("  of it three machines", round(peak.machines / 2**20), "MiB"),
        Figure("  of it APIs, name server and object store", round(peak.services / 2**20), "MiB"),
        Figure("  of it stand-in plugins, with the program", round(peak.providers / 2**20), "MiB"),
    ]
