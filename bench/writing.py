"""Loads of writes by etcd's own load generator, ``benchmark``."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.errors import BenchError
from localcloud.toolchain.benchmark import ensure_benchmark

CLIENTS = 100
CONNECTIONS = 30
"""Connections of all clients together, spread over all endpoints."""

LIMIT = 120.0
"""Seconds that one load may take."""

_CREDENTIALS = {"--cacert": "ETCDCTL_CACERT", "--cert": "ETCDCTL_CERT", "--key": "ETCDCTL_KEY"}


@dataclass(frozen=True)
class Writes:
    """The writes of one load. All of them write the same random value."""

    total: int
    value_bytes: int = 256
    key_bytes: int = 8
    """Length of the keys. Loads with different lengths never write the same key."""
    keys: int = 0
    """Number of keys that are written in turn. 0 means a key for each write."""
    rate: int = 0
    """Most writes in a second. 0 means no limit."""


@dataclass(frozen=True)
class Load:
    """The result of one load."""

    throughput: float
    """Acknowledged writes in a second."""
    p99: float
    """99th percentile of the latency, in milliseconds, of the writes that did not fail."""
    failed: int = 0
    """Number of writes that failed."""


def put(
    endpoints: Sequence[str], client: Mapping[str, str], writes: Writes, *, may_fail: bool = False
) -> Load:
    """Run one load on a cluster.

    Raises ``BenchError`` when it takes too long, or when a write fails and ``may_fail`` is false.
    """
    command = [
        ensure_benchmark(),
        f"--endpoints={','.join(endpoints)}",
        *(f"{flag}={client[variable]}" for flag, variable in _CREDENTIALS.items()),
        *(f"--conns={CONNECTIONS}", f"--clients={CLIENTS}", "put", f"--total={writes.total}"),
        *(f"--key-size={writes.key_bytes}", f"--val-size={writes.value_bytes}", f"--rate={writes.rate}"),
        *("--sequential-keys", f"--key-space-size={writes.keys or writes.total}"),
    ]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired as error:
        raise BenchError(
            f"{writes.total} writes to {', '.join(endpoints)} did not end within {LIMIT:.0f} s"
        ) from error
    if result.returncode != 0:
        raise BenchError(f"etcd's benchmark failed: {result.stderr[-1000:]}")
    return read_report(result.stdout, may_fail=may_fail)


def read_report(text: str, *, may_fail: bool = False) -> Load:
    """Parse the report of etcd's ``benchmark``.

    Raises ``BenchError`` if it has no figures, or if a write failed and ``may_fail`` is false.
    """
    throughput = re.search(r"Requests/sec:\s+([\d.]+)", text)
    p99 = re.search(r"99% in ([\d.]+) secs", text)
    _, _, errors = text.partition("Error distribution:")
    failed = sum(int(count) for count in re.findall(r"^ *\[(\d+)\]", errors, re.MULTILINE))
    if throughput is None or p99 is None or (failed and not may_fail):
        raise BenchError(f"etcd's benchmark reports: {text[-1000:]}")
    return Load(float(throughput[1]), float(p99[1]) * 1000, failed)
