"""The metrics of each line of etcd that is supported, as Prometheus asks for them."""

from __future__ import annotations

import ssl
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from prepare_cluster.transport import client_context

from localcloud.toolchain.etcd import VERSIONS, ensure_release

from .certificates import make_authority
from .lab import Lab

NEEDED = (
    "etcd_server_has_leader",
    "etcd_server_leader_changes_seen_total",
    "etcd_disk_wal_fsync_duration_seconds_bucket",
    "etcd_disk_backend_commit_duration_seconds_bucket",
    "etcd_mvcc_db_total_size_in_bytes",
    "etcd_mvcc_db_total_size_in_use_in_bytes",
    "etcd_server_quota_backend_bytes",
)


def metrics(address: str, context: ssl.SSLContext) -> str:
    connection = HTTPSConnection(address, 2382, timeout=3, context=context)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_metrics_are_for_clients_of_the_clusters_authority_alone(
    lab: Lab, version: str, tmp_path: Path
) -> None:
    lab.binaries = ensure_release(version).binaries
    (node,) = lab.found(size=1)
    text = metrics(node.name, client_context(node.places.etc, "server"))
    assert [name for name in NEEDED if name not in text] == []
    assert f'etcd_cluster_version{{cluster_version="{version.rpartition(".")[0]}"}}' in text

    anonymous = ssl.create_default_context(cafile=node.places.etc / "ca.pem")
    make_authority().issue(tmp_path / "stranger", "server", node.name)
    stranger = client_context(tmp_path / "stranger", "server")
    stranger.load_verify_locations(node.places.etc / "ca.pem")
    for context in (anonymous, stranger):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            metrics(node.name, context)
