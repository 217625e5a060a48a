"""Founding a cluster, and running the program again with nothing to change."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench import engine
from bench.engine import Run
from bench.figures import Figure, beside
from bench.floor import Floor, next_addresses
from bench.memory import Memory, Sample
from bench.observer import Founding, Observer
from bench.phases import PHASES, split
from bench.requests import calls, most_until_healthy, per_hour, scheduled_per_hour
from bench.workplace import PROJECT, Workplace

MEMBERS = 3

FOUNDINGS = 3
"""Timed foundings of each kind, in turns."""

UNCHANGED_RUNS = 7
"""Timed runs of each kind with nothing to change, in turns."""

WINDOW = 75.0
"""Seconds at least for which a healthy cluster's calls are counted."""

FOUNDING_LIMIT = 180.0
"""Seconds for a founding by the program."""


@dataclass(frozen=True)
class Up:
    """One whole ``pulumi up`` that founded a cluster."""

    run: Run
    founding: Founding
    phases: dict[str, float]
    """Seconds by phase."""
    calls: int
    """DigitalOcean API calls of the member that made the most, until the cluster was healthy."""


def measure_founding(place: Workplace) -> list[Figure]:
    """All figures of this part; begins with no cluster, ends with a healthy one. Raises ``BenchError``."""
    return _Foundings(place).measure()


class _Foundings:
    """The measurements, in an order in which each leaves behind what the next one needs."""

    def __init__(self, place: Workplace) -> None:
        self._cloud = place.cloud
        self._say = place.say
        self._observer = Observer(place.cloud.layout, MEMBERS)
        self._floor = Floor(self._observer)
        self._memory = Memory(place.cloud.layout.cgroup)

    def measure(self) -> list[Figure]:
        # The first founding fills caches, is the one whose memory is sampled, and gives the floor its certificates.
        with self._memory.sampling() as peak:
            last = self._found("untimed, with memory sampled")
        plan = self._floor.plan(last.founding)
        floors: list[Founding] = []
        ups: list[Up] = []
        for number in range(1, FOUNDINGS + 1):
            self._say("removing the cluster")
            engine.destroy(PROJECT)
            self._say(f"founding {number} of {FOUNDINGS}: the floor, configured by hand")
            floors.append(self._floor.found(plan, next_addresses(last.founding)))
            self._say(f"  {floors[-1].seconds:.2f} s from the first boot to a healthy cluster")
            last = self._found(f"{number} of {FOUNDINGS}")
            ups.append(last)
        unchanged, empty = self._run_unchanged()
        with self._memory.sampling() as later:
            self._wait_for_window(last.founding)
        until = time.time()
        return [
            beside(
                "from the first droplet's boot to a healthy cluster",
                statistics.median(up.founding.seconds for up in ups),
                statistics.median(floor.seconds for floor in floors),
                unit="s",
                limit=1.3,
            ),
            beside("pulumi up with nothing to change", unchanged, empty, unit="s", limit=3),
            Figure(
                "DigitalOcean API calls per member until healthy",
                max(up.calls for up in ups),
                "calls",
                limit=4,
            ),
            Figure(
                "DigitalOcean API calls per member and hour afterwards, observed",
                round(per_hour(calls(self._cloud), last.founding, until), 1),
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

    def _found(self, which: str) -> Up:
        self._say(f"founding {which}: pulumi up")
        with self._observer.watching(FOUNDING_LIMIT) as future:
            run = engine.up(PROJECT)
            founding = future.result()
        seen = calls(self._cloud)
        since = [call for call in seen if call.time >= run.began]
        up = Up(run, founding, split(self._cloud, run, founding, since), most_until_healthy(since, founding))
        self._say(
            f"  {founding.seconds:.2f} s from the first boot to a healthy cluster; {run.seconds:.2f} s in all"
        )
        return up

    def _run_unchanged(self) -> tuple[float, float]:
        """Medians of runs with nothing to change, and of an empty program's."""
        with tempfile.TemporaryDirectory(prefix="etcd-bench-") as directory:
            empty = empty_project(Path(directory))
            engine.pulumi(empty, "stack", "init", os.environ["PULUMI_STACK"])
            # The first run registers the empty stack itself.
            engine.up(empty)
            engine.up(PROJECT)
            ours: list[float] = []
            theirs: list[float] = []
            for number in range(1, UNCHANGED_RUNS + 1):
                self._say(
                    f"pulumi up with nothing to change, and of an empty program: {number} of {UNCHANGED_RUNS}"
                )
                ours.append(engine.up(PROJECT).seconds)
                theirs.append(engine.up(empty).seconds)
                self._say(f"  {ours[-1]:.2f} s, empty program {theirs[-1]:.2f} s")
        return statistics.median(ours), statistics.median(theirs)

    def _wait_for_window(self, founding: Founding) -> None:
        left = founding.healthy + WINDOW - time.time()
        if left > 0:
            self._say(f"counting API calls for another {left:.0f} s")
            time.sleep(left)


def empty_project(directory: Path) -> Path:
    """Make a project with an empty program, run as the project's own program is."""
    runtime = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())["runtime"]
    (directory / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "empty", "runtime": runtime}))
    (directory / "__main__.py").touch()
    for name in (".venv", "pyproject.toml", "uv.lock"):
        (directory / name).symlink_to(PROJECT / name)
    return directory


def _whole_run(ups: Sequence[Up]) -> list[Figure]:
    """The run of median length, so that its phases add up to it."""
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
        Figure("  of it stand-in providers", round(peak.providers / 2**20), "MiB"),
    ]
