"""The clients of etcd that tests build: one writes and watches all the time, one does what a kube-apiserver does."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from localcloud.toolchain import etcd, golang
from localcloud.toolchain.etcd_clients import (
    ensure_campaign_client,
    ensure_kubernetes_client,
    ensure_lifecycle_client,
)


@pytest.mark.parametrize("client", ["lifecycle-client", "kubernetes-client"])
def test_a_client_has_the_version_that_clusters_run_by_default(client: str) -> None:
    module = (golang.MODULES / client / "go.mod").read_text()
    assert f"go.etcd.io/etcd/client/v3 v{etcd.DEFAULT_VERSION}\n" in module


@pytest.mark.parametrize(
    ("module", "package", "ensure"),
    [
        ("lifecycle-client", ".", ensure_lifecycle_client),
        ("lifecycle-client", "./campaign", ensure_campaign_client),
        ("kubernetes-client", ".", ensure_kubernetes_client),
    ],
)
def test_a_changed_source_is_built_again(
    module: str, package: str, ensure: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(built: str, part: str, output: Path, show: object) -> None:
        output.write_text(f"{built} {part}")

    shutil.copytree(golang.MODULES / module, tmp_path / module)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(golang, "MODULES", tmp_path)
    monkeypatch.setattr(golang, "build", build)
    first = ensure()
    assert first.read_text() == f"{module} {package}"
    assert ensure() == first
    with (tmp_path / module / "main.go").open("a") as source:
        source.write("// changed\n")
    assert ensure() != first
