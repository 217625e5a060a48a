"""Time of ``pulumi up`` in two projects, in turns."""

from __future__ import annotations

import statistics
from pathlib import Path

from bench import engine
from bench.figures import Figure, compared
from bench.workplace import Workplace

ROUNDS = 7
"""Timed runs of each program."""


def compare_runs(
    place: Workplace,
    figure: str,
    measured: Path,
    floor: Path,
    floor_program: str,
    *,
    limit: float | None = None,
) -> Figure:
    """Compare the medians. ``floor_program`` is what the floor's project is called. Raises ``BenchError``."""
    times: list[float] = []
    floors: list[float] = []
    for number in range(1, ROUNDS + 1):
        place.say(f"round {number} of {ROUNDS}: {figure}, and {floor_program}")
        times.append(engine.up(measured).seconds)
        floors.append(engine.up(floor).seconds)
        place.say(f"  {times[-1]:.2f} s, {floor_program} {floors[-1]:.2f} s")
    return compared(figure, statistics.median(times), statistics.median(floors), unit="s", limit=limit)
