"""Writes under load: the program's cluster beside one started by hand."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from bench import engine
from bench.api import Api
from bench.by_hand import PORTS, cluster_by_hand, in_networks, on_loopback
from bench.etcdctl import client_environment
from bench.figures import Figure, beside
from bench.workplace import PROJECT, Workplace
from bench.writing import CLIENTS, Load, Writes, put
from localcloud.machines.machine import NspawnMachine, known_machines
from localcloud.machines.volumes import Volumes

ROUNDS = 7
"""Timed loads of each cluster, in turns."""

WRITES = 10_000
"""Of one load: some seconds."""

BUILT, BY_HAND, LOOPBACK = "the program's", "by hand", "on loopback"

LEAST = 0.95
"""How much of the other cluster's throughput the program's must have."""

MOST = 1.05
"""How many times the other cluster's latency the program's may have."""

VOLUME_GIB = 10
"""As the program's default."""


def measure_load(place: Workplace) -> list[Figure]:
    """All figures of this part; begins with a cluster or none, ends with a healthy one. Raises ``BenchError``."""
    layout = place.cloud.layout
    place.say("pulumi up")
    engine.up(PROJECT)
    client = client_environment(place)
    built = client["ETCDCTL_ENDPOINTS"].split(",")
    members, volumes = known_machines(layout), Volumes(layout.volumes)
    _admit(members)
    loads: dict[str, list[Load]] = {BUILT: [], BY_HAND: [], LOOPBACK: []}
    with (
        cluster_by_hand(in_networks(members), volumes, VOLUME_GIB, place.scratch) as by_hand,
        cluster_by_hand(on_loopback(members), volumes, VOLUME_GIB, place.scratch) as loopback,
    ):
        contenders = {BY_HAND: by_hand, BUILT: built, LOOPBACK: loopback}
        # The first load opens files and fills caches, and is not counted.
        for number in range(ROUNDS + 1):
            place.say(
                f"load {number} of {ROUNDS}: {WRITES} writes by {CLIENTS} clients" if number else "first load"
            )
            for kind in _turned(list(contenders), number):
                loads[kind].append(put(contenders[kind], client, Writes(WRITES)))
            place.say("  " + "; ".join(f"{kind} {_said(seen[-1])}" for kind, seen in loads.items()))
    return figures(*(loads[kind][1:] for kind in (BUILT, BY_HAND, LOOPBACK)))


def figures(built: Sequence[Load], by_hand: Sequence[Load], loopback: Sequence[Load]) -> list[Figure]:
    """The medians, beside those of the cluster by hand."""

    def throughput(loads: Sequence[Load]) -> float:
        return statistics.median(load.throughput for load in loads)

    def p99(loads: Sequence[Load]) -> float:
        return statistics.median(load.p99 for load in loads)

    return [
        beside(
            "write throughput, beside three processes started by hand",
            throughput(built),
            throughput(by_hand),
            unit="writes/s",
            limit=LEAST,
        ),
        beside("  p99 latency of these writes", p99(built), p99(by_hand), unit="ms", limit=MOST),
        Figure("  throughput of three processes on loopback", round(throughput(loopback), 3), "writes/s"),
        Figure("  p99 latency of three processes on loopback", round(p99(loopback), 3), "ms"),
    ]


def _turned(kinds: Sequence[str], number: int) -> list[str]:
    """Another one first each time: what comes before a load may slow it down."""
    first = number % len(kinds)
    return [*kinds[first:], *kinds[:first]]


def _admit(members: Sequence[NspawnMachine]) -> None:
    """Let the operator and the members reach the processes by hand: another firewall beside the program's."""
    rule = {"protocol": "tcp", "ports": PORTS, "sources": {"addresses": ["0.0.0.0/0"]}}
    ids = [member.id for member in members]
    Api().call("POST", "/v2/firewalls", {"name": "by-hand", "inbound_rules": [rule], "droplet_ids": ids})


def _said(load: Load) -> str:
    return f"{load.throughput:.0f} writes/s, p99 {load.p99:.1f} ms"
