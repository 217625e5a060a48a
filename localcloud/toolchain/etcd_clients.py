"""Builds the clients of etcd that tests use. Their sources are in ``gomodules``."""

from __future__ import annotations

from pathlib import Path

from localcloud.toolchain import cache, golang
from localcloud.toolchain.progress import Work

PACKAGE = "."
"""The package of a client that is the only one, or the first one, of its module."""


def ensure_lifecycle_client() -> Path:
    """The program that uses a cluster with etcd's own ``clientv3`` while tests change it. Built if it is missing."""
    return _ensure(
        "lifecycle-client",
        "Building a client of etcd",
        "it writes, watches and keeps leases while tests change a cluster; it is built with etcd's published Go module",
    )


def ensure_campaign_client() -> Path:
    """The program that uses a cluster during a schedule, and records a history. Built if it is missing.

    It is a second package in the module of the lifecycle client: both use a bundle of certificates alike.
    """
    return _ensure(
        "lifecycle-client",
        "Building a client of etcd that records what it sees",
        "its history shows whether a cluster kept its promises; it is built with etcd's published Go module",
        name="campaign-client",
        package="./campaign",
    )


def ensure_kubernetes_client() -> Path:
    """The program that does with etcd once what a kube-apiserver does, with etcd's own ``client/v3/kubernetes``.

    It is built if it is missing.
    """
    return _ensure(
        "kubernetes-client",
        "Building a client of etcd like Kubernetes'",
        "it does what an API server does, with the permissions of its certificate; it is built with etcd's Go module",
    )


def _ensure(module: str, title: str, reason: str, *, name: str = "", package: str = PACKAGE) -> Path:
    program = name or module

    def build(folder: Path, show: cache.Show) -> None:
        golang.build(module, package, folder / program, show)

    sources = [file.read_text() for file in sorted((golang.MODULES / module).rglob("*.go"))]
    key = golang.recipe(module, package, *sources)
    work = Work(title, reason, "half a minute on 2 cores", "100 MB")
    return cache.ensure(program, key, work, build) / program
