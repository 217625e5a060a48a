"""Writes by etcd's own load generator, ``benchmark``."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.errors import BenchError
from localcloud.toolchain.benchmark import ensure_benchmark

CLIENTS = 100
CONNECTIONS = 30
"""They are spread over all endpoints."""

LIMIT = 120.0
"""Seconds for one load."""

_CREDENTIALS = {"--cacert": "ETCDCTL_CACERT", "--cert": "ETCDCTL_CERT", "--key": "ETCDCTL_KEY"}


@dataclass(frozen=True)
class Writes:
    """What one load writes: one random value, again and again."""

    total: int
    value_bytes: int = 256
    key_bytes: int = 8
    """Keys of another length are other keys."""
    keys: int = 0
    """How many keys are written in turn; 0 is one for each write."""
    rate: int = 0
    """Writes in a second, at the most; 0 is no limit."""


@dataclass(frozen=True)
class Load:
    """What one load saw."""

    throughput: float
    """Acknowledged writes in a second."""
    p99: float
    """The latency, in milliseconds, that one write in a hundred exceeded, of those that did not fail."""
    failed: int = 0
    """Writes that were answered by an error."""


def put(
    endpoints: Sequence[str], client: Mapping[str, str], writes: Writes, *, may_fail: bool = False
) -> Load:
    """Put one load on a cluster. Raises ``BenchError`` when it takes too long, or a write fails that may not."""
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
            f"{writes.total} writes through {', '.join(endpoints)}: no end after {LIMIT:.0f} s"
        ) from error
    if result.returncode != 0:
        raise BenchError(f"etcd's benchmark failed: {result.stderr[-1000:]}")
    return read_report(result.stdout, may_fail=may_fail)


def read_report(text: str, *, may_fail: bool = False) -> Load:
    """The figures in what etcd's ``benchmark`` prints.

    Raises ``BenchError`` where it has none, or writes failed that may not.
    """
    throughput = re.search(r"Requests/sec:\s+([\d.]+)", text)
    p99 = re.search(r"99% in ([\d.]+) secs", text)
    _, _, errors = text.partition("Error distribution:")
    failed = sum(int(count) for count in re.findall(r"^ *\[(\d+)\]", errors, re.MULTILINE))
    if throughput is None or p99 is None or (failed and not may_fail):
        raise BenchError(f"etcd's benchmark reports: {text[-1000:]}")
    return Load(float(throughput[1]), float(p99[1]) * 1000, failed)
