"""The client that does with etcd what a kube-apiserver does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from localcloud.toolchain import etcd, golang
from localcloud.toolchain.kubernetes_client import ensure_kubernetes_client


def test_the_client_has_the_version_that_clusters_run_by_default() -> None:
    module = (golang.MODULES / "kubernetes-client" / "go.mod").read_text()
    assert f"go.etcd.io/etcd/client/v3 v{etcd.DEFAULT_VERSION}\n" in module


def test_a_changed_source_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(module: str, package: str, output: Path, show: object) -> None:
        output.write_text(f"{module} {package}")

    shutil.copytree(golang.MODULES / "kubernetes-client", tmp_path / "kubernetes-client")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(golang, "MODULES", tmp_path)
    monkeypatch.setattr(golang, "build", build)
    first = ensure_kubernetes_client()
    assert first.read_text() == "kubernetes-client ."
    assert ensure_kubernetes_client() == first
    with (tmp_path / "kubernetes-client" / "operations.go").open("a") as source:
        source.write("// changed\n")
    assert ensure_kubernetes_client() != first
