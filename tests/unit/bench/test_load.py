"""Figures of writes under load."""

from __future__ import annotations

from bench.load import figures
from bench.writing import Load


def test_loads_are_compared_by_their_medians() -> None:
    program = [Load(950, 20), Load(1000, 22), Load(10, 900)]
    by_hand = [Load(1000, 20), Load(1000, 20), Load(3000, 1)]
    throughput, latency, *loopback = figures(program, by_hand, [Load(4000, 10)])
    assert (throughput.value, throughput.floor, throughput.ratio) == (950, 1000, 0.95)
    assert (latency.value, latency.floor, latency.ratio) == (22, 20, 1.1)
    assert throughput.passed
    assert not latency.passed
    assert [(figure.value, figure.passed) for figure in loopback] == [(4000, None), (10, None)]
