"""A control plane's API server uses the cluster, as docs/kubernetes.md says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from localcloud.toolchain.etcd_clients import ensure_kubernetes_client
from tests.access.stack import APP, AccessStack, permission

ALONE = "kube-apiserver"
"""The API server of a cluster that serves only Kubernetes."""
SHARED = "kube-apiserver-shared"
"""The API server of a cluster that other clients write to as well."""
API_SERVERS = [
    {"name": ALONE, "root": True},
    {"name": SHARED, "permissions": [permission("readwrite", "/registry/")]},
]
COMPACTION = {"read the compaction key", "watch the compaction key", "write the compaction key", "compact"}
"""What an API server does not do with ``--etcd-compaction-interval=0``."""


@pytest.fixture
def with_api_servers(stack: AccessStack) -> Iterator[AccessStack]:
    usual = stack.clients()
    stack.configure(clients=[*usual, *API_SERVERS])
    with stack.case("clients of a control plane added"):
        stack.up()
    yield stack
    stack.configure(clients=usual)
    with stack.case("clients of a control plane removed"):
        stack.up()


def outcomes(stack: AccessStack, name: str, bundle: Path) -> Mapping[str, str]:
    """What became of each operation of an API server with a client's certificate."""
    stack.save_client(name, bundle)
    endpoints = [f"https://{member}:2379" for member in stack.names]
    done = stack.run(str(ensure_kubernetes_client()), str(bundle), "/registry", *endpoints)
    assert done.returncode == 0, done.stdout
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["operation"]: line["outcome"] for line in lines}


def test_an_api_server_does_all_that_its_client_permits(
    with_api_servers: AccessStack, tmp_path: Path
) -> None:
    alone = outcomes(with_api_servers, ALONE, tmp_path / ALONE)
    assert set(alone.values()) == {"done"}
    shared = outcomes(with_api_servers, SHARED, tmp_path / SHARED)
    assert {name for name, outcome in shared.items() if outcome != "done"} == COMPACTION
    assert not with_api_servers.may(APP, "get", "--prefix", "/registry/")
