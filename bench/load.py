"""Writes under load: the program's cluster beside one started by hand."""

from __future__ import annotations

import re
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench import engine
from bench.api import Api
from bench.by_hand import PORTS, cluster_by_hand, in_networks, on_loopback
from bench.errors import BenchError
from bench.figures import Figure, beside
from bench.workplace import PROJECT, Workplace
from localcloud.machines.machine import NspawnMachine, known_machines
from localcloud.machines.volumes import Volumes
from localcloud.toolchain.benchmark import ensure_benchmark

ROUNDS = 7
"""Timed loads of each cluster, in turns."""

WRITES = 10_000
"""Of one load: some seconds."""

CLIENTS = 100
CONNECTIONS = 30
KEY_BYTES = 8
VALUE_BYTES = 256

LIMIT = 120.0
"""Seconds for one load."""

BUILT, BY_HAND, LOOPBACK = "the program's", "by hand", "on loopback"

LEAST = 0.95
"""How much of the other cluster's throughput the program's must have."""

MOST = 1.05
"""How many times the other cluster's latency the program's may have."""

VOLUME_GIB = 10
"""As the program's default."""

_CREDENTIALS = {"--cacert": "ETCDCTL_CACERT", "--cert": "ETCDCTL_CERT", "--key": "ETCDCTL_KEY"}


@dataclass(frozen=True)
class Load:
    """What one load saw."""

    throughput: float
    """Acknowledged writes in a second."""
    p99: float
    """The latency, in milliseconds, that one write in a hundred exceeded."""


def measure_load(place: Workplace) -> list[Figure]:
    """All figures of this part; begins with a cluster or none, ends with a healthy one. Raises ``BenchError``."""
    layout = place.cloud.layout
    place.say("pulumi up")
    engine.up(PROJECT)
    client = _client_environment(place)
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
                loads[kind].append(put(contenders[kind], client))
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


def put(endpoints: Sequence[str], client: Mapping[str, str]) -> Load:
    """Put one load on a cluster. Raises ``BenchError`` when a write fails, or it takes too long."""
    command = [
        ensure_benchmark(),
        f"--endpoints={','.join(endpoints)}",
        *(f"{flag}={client[variable]}" for flag, variable in _CREDENTIALS.items()),
        *(f"--conns={CONNECTIONS}", f"--clients={CLIENTS}"),
        *("put", f"--total={WRITES}", f"--key-size={KEY_BYTES}", f"--val-size={VALUE_BYTES}"),
        *("--sequential-keys", f"--key-space-size={WRITES}"),
    ]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired as error:
        raise BenchError(
            f"{WRITES} writes through {', '.join(endpoints)}: no end after {LIMIT:.0f} s"
        ) from error
    if result.returncode != 0:
        raise BenchError(f"etcd's benchmark failed: {result.stderr[-1000:]}")
    return read_report(result.stdout)


def read_report(text: str) -> Load:
    """The figures in what etcd's ``benchmark`` prints. Raises ``BenchError`` where it has none, or writes failed."""
    throughput = re.search(r"Requests/sec:\s+([\d.]+)", text)
    p99 = re.search(r"99% in ([\d.]+) secs", text)
    if throughput is None or p99 is None or "Error distribution" in text:
        raise BenchError(f"etcd's benchmark reports: {text[-1000:]}")
    return Load(float(throughput[1]), float(p99[1]) * 1000)


def _client_environment(place: Workplace) -> dict[str, str]:
    """What an operator's etcdctl has in its environment."""
    printed = place.cloud.run(["env"], cwd=PROJECT, capture_output=True, text=True).stdout
    lines = (line.partition("=") for line in printed.splitlines())
    return {key: value for key, _, value in lines if key.startswith("ETCDCTL_")}


def _said(load: Load) -> str:
    return f"{load.throughput:.0f} writes/s, p99 {load.p99:.1f} ms"
