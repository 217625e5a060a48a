"""The metrics of each supported etcd release line, as Prometheus scrapes them."""

from __future__ import annotations

import json
import re
import ssl
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from etcd_node.etcd.transport import client_context

from localcloud.toolchain.etcd import VERSIONS, ensure_release

from .certificates import make_authority
from .lab import Lab, eventually

MONITORING = Path(__file__).parents[2] / "monitoring"
NAME = re.compile(r"\b(?:etcd|grpc|process)_[a-z_]+\b(?=[{])")
OUR_PREFIXES = ("etcd_node_", "etcd_backup_")


def used_metrics() -> set[str]:
    """The metrics of etcd that the alert rules and the dashboard use."""
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    text = "\n".join([(MONITORING / "alerts.yaml").read_text(), *queries])
    return {name for name in NAME.findall(text) if not name.startswith(OUR_PREFIXES)}


def metrics(address: str, context: ssl.SSLContext) -> str:
    connection = HTTPSConnection(address, 2382, timeout=3, context=context)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_only_clients_with_a_certificate_of_the_cluster_get_metrics(
    lab: Lab, version: str, tmp_path: Path
) -> None:
    lab.binaries = ensure_release(version).binaries
    (node,) = lab.bootstrap(size=1)
    known = f'etcd_cluster_version{{cluster_version="{version.rpartition(".")[0]}"}}'
    context = client_context(node.paths.etc, "server")
    eventually("it knows the cluster's version", lambda: known in metrics(node.name, context))

    anonymous = ssl.create_default_context(cafile=node.paths.etc / "ca.pem")
    make_authority().issue(tmp_path / "stranger", "server", node.name)
    stranger = client_context(tmp_path / "stranger", "server")
    stranger.load_verify_locations(node.paths.etc / "ca.pem")
    for context in (anonymous, stranger):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            metrics(node.name, context)


@pytest.mark.parametrize("version", VERSIONS)
def test_etcd_has_every_metric_that_the_rules_and_the_dashboard_use(lab: Lab, version: str) -> None:
    lab.binaries = ensure_release(version).binaries
    node = lab.bootstrap()[0]
    context = client_context(node.paths.etc, "server")

    def missing() -> set[str]:
        return used_metrics() - set(re.findall(r"^\w+", metrics(node.name, context), re.MULTILINE))

    assert len(used_metrics()) > 10
    # Some appear after a few seconds: members measure their round trips every four seconds.
    eventually("they are served", lambda: not missing())
