"""Time of ``pulumi up`` by the number of members."""

from __future__ import annotations

import statistics
from collections import defaultdict

from bench import engine
from bench.figures import Figure
from bench.stack_settings import with_settings
from bench.workplace import Workplace
from localcloud.checkout import CHECKOUT
from localcloud.machines.operator import STACK

SIZES = (1, 3, 5, 7, 9)

ROUNDS = 2
"""Timed runs of each kind and size, in turns. One round takes two minutes."""


def measure_growth(place: Workplace) -> list[Figure]:
    """Time ``pulumi up`` from nothing, and with nothing to change, for each size. Ends with no cluster."""
    committed = CHECKOUT / f"Pulumi.{STACK}.yaml"
    files = {size: with_settings(committed, place.scratch, size=size) for size in SIZES}
    created: defaultdict[int, list[float]] = defaultdict(list)
    unchanged: defaultdict[int, list[float]] = defaultdict(list)
    engine.destroy(CHECKOUT)
    for number in range(1, ROUNDS + 1):
        for size, file in files.items():
            place.say(f"round {number} of {ROUNDS}: pulumi up from nothing and again, size {size}")
            created[size].append(engine.up(CHECKOUT, file).seconds)
            unchanged[size].append(engine.up(CHECKOUT, file).seconds)
            place.say(f"  {created[size][-1]:.2f} s, with nothing to change {unchanged[size][-1]:.2f} s")
            engine.destroy(CHECKOUT)
    return [
        Figure(f"pulumi up {what}, size {size}", round(statistics.fmean(times[size]), 2), "s")
        for what, times in (("from nothing", created), ("with nothing to change", unchanged))
        for size in SIZES
    ]
