"""Builds etcd's load generator ``benchmark`` from etcd's published module, since no release contains it.

https://etcd.io/docs/v3.6/op-guide/performance/. ``make bench`` and some tests build it.
"""

from __future__ import annotations

from pathlib import Path

from localcloud.toolchain import cache, golang
from localcloud.toolchain.progress import Work

VERSION = "3.6.14"
"""The newest version whose module is served: it is not among the modules of every release."""

_MODULE = f"etcd-benchmark-{VERSION}"
_PACKAGE = "go.etcd.io/etcd/v3/tools/benchmark"


def ensure_benchmark() -> Path:
    """Return the program, and build it if it is missing."""
    work = Work(
        f"Building etcd's benchmark {VERSION}",
        "it puts load on clusters; it is built from its published Go module",
        "half a minute on 2 cores",
        "200 MB",
    )
    return cache.ensure("etcd-benchmark", golang.recipe(_MODULE, _PACKAGE), work, _build) / "benchmark"


def _build(folder: Path, show: cache.Show) -> None:
    golang.build(_MODULE, _PACKAGE, folder / "benchmark", show)
