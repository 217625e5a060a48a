"""Reports of etcd's load generator."""

from __future__ import annotations

import pytest

from bench.errors import BenchError
from bench.writing import read_report

REPORT = """
Summary:
  Total:\t6.2462 secs.
  Average:\t0.0618 secs.
  Requests/sec:\t1600.9780

Latency distribution:
  95% in 0.1430 secs.
  99% in 0.1881 secs.
  99.9% in 0.2778 secs.
"""


FAILED = "\nError distribution:\n  [3]\tcontext deadline exceeded\n  [2]\tetcdserver: request timed out\n"


def test_throughput_and_latency_are_read_from_the_report() -> None:
    load = read_report(REPORT)
    assert (load.throughput, load.p99) == (1600.978, pytest.approx(188.1))


def test_a_report_with_a_failed_write_is_rejected() -> None:
    with pytest.raises(BenchError, match="context deadline exceeded"):
        read_report(REPORT + FAILED)


def test_writes_that_may_fail_are_counted() -> None:
    assert read_report(REPORT + FAILED, may_fail=True).failed == 5
    assert read_report(REPORT, may_fail=True).failed == 0


def test_a_report_without_figures_is_rejected() -> None:
    with pytest.raises(BenchError, match="no such host"):
        read_report("no such host")
