"""Builds the program that checks whether recorded histories are linearizable. Its source is in ``gomodules``."""

from __future__ import annotations

from pathlib import Path

from localcloud.toolchain import cache, golang
from localcloud.toolchain.progress import Work

MODULE = "linearizability-checker"

PACKAGE = "."
"""The package of the program in its module."""

WORK = Work(
    "Building a checker of histories",
    "it proves that what clients recorded is linearizable; it is built with porcupine's published Go module",
    "a few seconds",
    "10 MB",
)


def ensure_linearizability_checker() -> Path:
    """Return the program that judges histories. Built if it is missing."""

    def build(folder: Path, show: cache.Show) -> None:
        golang.build(MODULE, PACKAGE, folder / MODULE, show)

    sources = [file.read_text() for file in sorted((golang.MODULES / MODULE).glob("*.go"))]
    return cache.ensure(MODULE, golang.recipe(MODULE, PACKAGE, *sources), WORK, build) / MODULE
