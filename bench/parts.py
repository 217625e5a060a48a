"""The parts of the benchmark. Each can run alone."""

from __future__ import annotations

from enum import StrEnum


class Part(StrEnum):
    """One part. Parts run in this order, and each brings up the cluster that it needs."""

    BOOTSTRAP = "bootstrap"
    UNCHANGED = "unchanged"
    PACKAGE = "package"
    REPLACEMENT = "replacement"
    LOAD = "load"
    GROWTH = "growth"
    BACKUPS = "backups"
    UPKEEP = "upkeep"
    CONSOLE = "console"
