"""The parts of the benchmark, each of which can be run alone."""

from __future__ import annotations

from enum import StrEnum


class Part(StrEnum):
    """One part. They are run in this order, and each sees to the cluster that it needs."""

    FOUNDING = "founding"
    REPLACEMENT = "replacement"
    LOAD = "load"
    GROWTH = "growth"
    BACKUPS = "backups"
    UPKEEP = "upkeep"
