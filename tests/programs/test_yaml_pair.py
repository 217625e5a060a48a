"""A program in YAML has two clusters: the package constructs both in one process, by the real engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud.api.cloud import Limits
from localcloud.checkout import CHECKOUT
from localcloud.machines.interface import NoMachines
from localcloud.tokens import DISCOVERY_TOKEN
from localcloud.toolchain.yaml_language_host import install_yaml_language_host
from tests.cluster.previews import PreviewedStack
from tests.localcloud.conftest import Lab


class YamlPair(PreviewedStack):
    """A stack of a program with the clusters ``orders`` and ``sessions``."""

    def write_program(self, folder: Path) -> None:
        """Write a project without a cluster."""
        self._write({})

    def clusters(self, **domains: str) -> None:
        """Write the program with a cluster of one member for each domain."""
        self._write({name: self._cluster(domain) for name, domain in domains.items()})

    def values(self, changes: Any) -> dict[str, Any]:
        """The program reads no configuration."""
        return {}

    def _cluster(self, domain: str) -> dict[str, Any]:
        properties = {
            "members": {"size": 1, "volumeSize": 0},
            "network": {"clientCidrs": ["198.51.100.0/24"]},
            "dns": {"domain": domain, "zone": "example.test"},
            "access": {"discoveryToken": DISCOVERY_TOKEN, "discoveryApiUrl": self.digitalocean},
        }
        return {"type": "etcd:EtcdCluster", "properties": properties}

    def _write(self, resources: dict[str, Any]) -> None:
        packages = {"etcd": str(CHECKOUT / "plugin")}
        program = {"name": "pair", "runtime": "yaml", "packages": packages, "resources": resources}
        (self._folder / "Pulumi.yaml").write_text(yaml.safe_dump(program))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[YamlPair]:
    folder = tmp_path_factory.mktemp("pair")
    lab = Lab(tmp_path_factory.mktemp("cloud"), NoMachines(), Limits())
    lab.start()
    try:
        stack = YamlPair(lab, folder)
        install_yaml_language_host(folder / "home")
        yield stack
    finally:
        lab.stop()


def test_a_preview_creates_both_clusters(pair: YamlPair) -> None:
    pair.clusters(orders="orders.example.test", sessions="sessions.example.test")
    preview = pair.preview()
    assert preview.returncode == 0, preview.stdout
    for name in ("orders", "sessions"):
        assert f"digitalocean:index:Droplet etcd-pair-dev-{name}-1 create" in preview.stdout


def test_clusters_of_one_domain_are_refused(pair: YamlPair) -> None:
    pair.clusters(orders="etcd.example.test", sessions="etcd.example.test")
    refused = pair.preview()
    assert refused.returncode != 0
    assert "args.dns.domain is etcd.example.test, and so is that of the cluster" in refused.stdout
    assert "Traceback" not in refused.stdout
