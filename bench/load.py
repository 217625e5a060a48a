"""Writes under load, to the program's cluster and to one started by hand."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from bench import engine
from bench.api import Api
from bench.by_hand import PORTS, cluster_by_hand, in_networks, on_loopback
from bench.etcdctl import client_environment
from bench.figures import Figure, compared
from bench.workplace import Workplace
from bench.writing import CLIENTS, Load, Writes, put
from localcloud.checkout import CHECKOUT
from localcloud.machines.machine import NspawnMachine, known_machines
from localcloud.machines.volumes import Volumes

ROUNDS = 7
"""Timed loads of each cluster, in turns."""

WRITES = 10_000
"""Writes of one load, which takes some seconds."""

PROGRAM, BY_HAND, LOOPBACK = "the program's", "by hand", "on loopback"

LEAST_THROUGHPUT = 0.95
"""The least that the program's throughput may be, as a multiple of the floor's."""

MOST_LATENCY = 1.05
"""The most that the program's latency may be, as a multiple of the floor's."""

VOLUME_GIB = 10
"""The program's default size of a data volume."""


def measure_load(place: Workplace) -> list[Figure]:
    """Measure all figures of this part. Begins with a cluster or none, and ends with a healthy one.

    Raises ``BenchError``.
    """
    layout = place.cloud.layout
    place.say("pulumi up")
    engine.up(CHECKOUT)
    client = client_environment(place)
    program = client["ETCDCTL_ENDPOINTS"].split(",")
    members, volumes = known_machines(layout), Volumes(layout.volumes)
    _open_ports(members)
    loads: dict[str, list[Load]] = {PROGRAM: [], BY_HAND: [], LOOPBACK: []}
    with (
        cluster_by_hand(in_networks(members), volumes, VOLUME_GIB, place.scratch) as by_hand,
        cluster_by_hand(on_loopback(members), volumes, VOLUME_GIB, place.scratch) as loopback,
    ):
        clusters = {BY_HAND: by_hand, PROGRAM: program, LOOPBACK: loopback}
        # The first load opens files and fills caches. It does not count.
        for number in range(ROUNDS + 1):
            place.say(
                f"load {number} of {ROUNDS}: {WRITES} writes by {CLIENTS} clients" if number else "first load"
            )
            for kind in _rotated(list(clusters), number):
                loads[kind].append(put(clusters[kind], client, Writes(WRITES)))
            place.say("  " + "; ".join(f"{kind} {_summary(seen[-1])}" for kind, seen in loads.items()))
    return figures(*(loads[kind][1:] for kind in (PROGRAM, BY_HAND, LOOPBACK)))


def figures(program: Sequence[Load], by_hand: Sequence[Load], loopback: Sequence[Load]) -> list[Figure]:
    """The medians, compared with those of the cluster started by hand."""

    def throughput(loads: Sequence[Load]) -> float:
        return statistics.median(load.throughput for load in loads)

    def p99(loads: Sequence[Load]) -> float:
        return statistics.median(load.p99 for load in loads)

    return [
        compared(
            "write throughput, beside three processes started by hand",
            throughput(program),
            throughput(by_hand),
            unit="writes/s",
            limit=LEAST_THROUGHPUT,
        ),
        compared("  p99 latency of these writes", p99(program), p99(by_hand), unit="ms", limit=MOST_LATENCY),
        Figure("  throughput of three processes on loopback", round(throughput(loopback), 3), "writes/s"),
        Figure("  p99 latency of three processes on loopback", round(p99(loopback), 3), "ms"),
    ]


def _rotated(kinds: Sequence[str], number: int) -> list[str]:
    """Another order each time, because a load may slow down the one after it."""
    first = number % len(kinds)
    return [*kinds[first:], *kinds[:first]]


def _open_ports(members: Sequence[NspawnMachine]) -> None:
    """Create a second firewall, which lets the operator and the members reach the processes started by hand."""
    rule = {"protocol": "tcp", "ports": PORTS, "sources": {"addresses": ["0.0.0.0/0"]}}
    ids = [member.id for member in members]
    Api().call("POST", "/v2/firewalls", {"name": "by-hand", "inbound_rules": [rule], "droplet_ids": ids})


def _summary(load: Load) -> str:
    return f"{load.throughput:.0f} writes/s, p99 {load.p99:.1f} ms"
