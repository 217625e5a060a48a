"""Which permissions a kube-apiserver needs: every supported minor version of etcd, with authentication on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.toolchain.etcd import VERSIONS
from localcloud.toolchain.etcd_clients import ensure_kubernetes_client

from .authenticated_etcd import ROOT, AuthenticatedEtcd
from .lab import eventually

REGISTRY = ("readwrite", "--prefix=true", "/registry/")
COMPACTION_KEY = ("readwrite", "compact_rev_key")
COMPACTION = {"read the compaction key", "watch the compaction key", "write the compaction key", "compact"}
"""The operations outside of the prefix. With ``--etcd-compaction-interval=0`` an API server does none of them."""


@pytest.fixture
def client() -> Path:
    return ensure_kubernetes_client()


@pytest.fixture(params=VERSIONS)
def etcd(request: pytest.FixtureRequest, tmp_path: Path, network: str) -> Iterator[AuthenticatedEtcd]:
    etcd = AuthenticatedEtcd(tmp_path, network, request.param)
    etcd.enable()
    yield etcd
    etcd.stop()


def refused(etcd: AuthenticatedEtcd, client: Path, name: str) -> set[str]:
    """The operations for which a client lacks a permission. Each other one succeeds."""
    operations = etcd.operations(client, name)
    failed = {name: line for name, line in operations.items() if line["outcome"] == "failed"}
    assert not failed
    return {name for name, line in operations.items() if line["outcome"] == "refused"}


def test_an_api_server_with_root_does_everything(etcd: AuthenticatedEtcd, client: Path) -> None:
    etcd.add_client("kube-apiserver", root=True)
    assert refused(etcd, client, "kube-apiserver") == set()


def test_an_api_server_compacts_only_with_root(etcd: AuthenticatedEtcd, client: Path) -> None:
    etcd.add_client("kube-apiserver", REGISTRY, COMPACTION_KEY)
    assert refused(etcd, client, "kube-apiserver") == {"compact"}


def test_an_api_server_needs_its_prefix_and_for_compaction_more(
    etcd: AuthenticatedEtcd, client: Path
) -> None:
    etcd.add_client("kube-apiserver", REGISTRY)
    assert refused(etcd, client, "kube-apiserver") == COMPACTION


def test_other_clients_do_nothing_that_an_api_server_does(etcd: AuthenticatedEtcd, client: Path) -> None:
    etcd.add_client("metrics")
    etcd.add_client("shop", ("readwrite", "--prefix=true", "/shop/"))
    everything = etcd.operations(client, ROOT).keys()
    # Any certificate of the client CA may ask for a member's status.
    for name in ("metrics", "shop", "nobody"):
        assert refused(etcd, client, name) == everything - {"status"}


def test_etcd_compacts_for_an_api_server_that_may_not(tmp_path: Path, network: str) -> None:
    etcd = AuthenticatedEtcd(
        tmp_path, network, VERSIONS[0], 1, "--auto-compaction-mode=periodic", "--auto-compaction-retention=2s"
    )
    try:
        etcd.enable()
        etcd.add_client("kube-apiserver", REGISTRY)
        put = etcd.etcdctl("kube-apiserver", "put", "/registry/a", "first", "--write-out=json")
        revision = json.loads(put.stdout)["header"]["revision"]
        etcd.etcdctl("kube-apiserver", "put", "/registry/a", "second")
        eventually(
            "the first value is compacted",
            lambda: (
                "has been compacted"
                in etcd.etcdctl("kube-apiserver", "get", "/registry/a", f"--rev={revision}").stderr
            ),
        )
    finally:
        etcd.stop()
