"""The phases of a ``pulumi up`` that bootstraps a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bench.engine import Run
from bench.journals import start_of
from bench.observer import Bootstrap
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


def split(cloud: LocalCloud, run: Run, bootstrap: Bootstrap, calls: Sequence[Call]) -> dict[str, float]:
    """Seconds by phase. Their sum is the time of the run.

    The program's first API call ends the phase ``engine and program``. The first machine's boot ends ``providers``. The
    last member ends each of the other phases.
    """

    def last_start(unit: str) -> float:
        return max(start_of(unit, cloud, boot) for boot in bootstrap.boots)

    moments = [
        run.began,
        min(call.time for call in calls if call.time >= run.began),
        bootstrap.booted,
        last_start("preparecluster.service"),
        last_start("etcd.service"),
        bootstrap.healthy,
        run.ended,
    ]
    return seconds_between(PHASES, moments)


def seconds_between(phases: Sequence[str], moments: Sequence[float]) -> dict[str, float]:
    """Seconds of consecutive phases, given the moments at which each begins and the last one ends."""
    return {phase: end - begin for phase, (begin, end) in zip(phases, pairwise(moments), strict=True)}
