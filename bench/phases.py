"""Where the time of a whole ``pulumi up`` goes: a line of moments, each the last of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bench.engine import Run
from bench.journals import start_of
from bench.observer import Founding
from bench.requests import Call
from localcloud.cloud import LocalCloud

PHASES = (
    "engine and program",
    "providers",
    "boot",
    "discovery, and etcd's installation beside it",
    "etcd",
    "last gate, records and outputs",
)


def split(cloud: LocalCloud, run: Run, founding: Founding, seen: Sequence[Call]) -> dict[str, float]:
    """Seconds by phase, which add up to the run's.

    The program's first call of an API ends the phase ``engine and program``, the first machine's boot ends
    ``providers``, and what the last member does ends the others.
    """

    def last_start(unit: str) -> float:
        return max(start_of(unit, cloud, sighting) for sighting in founding.sightings)

    line = [
        run.began,
        min(call.time for call in seen if call.time >= run.began),
        founding.booted,
        last_start("preparecluster.service"),
        last_start("etcd.service"),
        founding.healthy,
        run.ended,
    ]
    return {phase: later - earlier for phase, (earlier, later) in zip(PHASES, pairwise(line), strict=True)}
