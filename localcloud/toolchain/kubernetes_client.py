"""Builds the client that does with etcd once what a kube-apiserver does, with etcd's own ``client/v3/kubernetes``.

Its source is in ``gomodules/kubernetes-client``. ``make access`` builds it.
"""

from __future__ import annotations

from pathlib import Path

from localcloud.toolchain import cache, golang
from localcloud.toolchain.progress import Work

_MODULE = "kubernetes-client"
_PACKAGE = "."


def ensure_kubernetes_client() -> Path:
    """Return the program, and build it if it is missing."""
    work = Work(
        "Building a client of etcd like Kubernetes'",
        "it does what an API server does, with the permissions of its certificate; it is built with etcd's Go module",
        "half a minute on 2 cores",
        "100 MB",
    )
    sources = [file.read_text() for file in sorted((golang.MODULES / _MODULE).glob("*.go"))]
    key = golang.recipe(_MODULE, _PACKAGE, *sources)
    return cache.ensure(_MODULE, key, work, _build) / _MODULE


def _build(folder: Path, show: cache.Show) -> None:
    golang.build(_MODULE, _PACKAGE, folder / _MODULE, show)
