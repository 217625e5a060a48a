"""Builds the client that uses a cluster as a kube-apiserver does, with etcd's own ``clientv3``.

Its source is in ``gomodules/lifecycle-client``. ``make lifecycle`` builds it.
"""

from __future__ import annotations

from pathlib import Path

from localcloud.toolchain import cache, golang
from localcloud.toolchain.progress import Work

_MODULE = "lifecycle-client"
_PACKAGE = "."


def ensure_lifecycle_client() -> Path:
    """Return the program, and build it if it is missing."""
    work = Work(
        "Building a client of etcd",
        "it writes, watches and keeps leases while tests change a cluster; it is built with etcd's published Go module",
        "half a minute on 2 cores",
        "100 MB",
    )
    sources = [file.read_text() for file in sorted((golang.MODULES / _MODULE).glob("*.go"))]
    key = golang.recipe(_MODULE, _PACKAGE, *sources)
    return cache.ensure(_MODULE, key, work, _build) / _MODULE


def _build(folder: Path, show: cache.Show) -> None:
    golang.build(_MODULE, _PACKAGE, folder / _MODULE, show)
