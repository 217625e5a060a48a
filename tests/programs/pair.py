"""Two clusters of one program and stack, each with its writer and its observer."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from localcloud.cloud import LocalCloud
from localcloud.machines.files import replace
from testbed.cluster import FILES, PATIENCE, WITHOUT_BACKUPS
from tests.lifecycle.figures import Figures
from tests.lifecycle.live import Live
from tests.programs.python_program import PythonProgram

OUTPUTS = {"ca.pem": "caCertificate", "client.pem": "clientCertificate", "client-key.pem": "clientKey"}


class Pair(PythonProgram):
    """The program. Each of its clusters is configured by its ``Part``."""

    PROGRAM = """
import pulumi

from etcd_digitalocean import EtcdCluster

for name, args in pulumi.Config().require_object("clusters").items():
    cluster = EtcdCluster(name, args)
    pulumi.export(
        name,
        {
            "caCertificate": cluster.ca_certificate,
            "clientCertificate": cluster.client_certificate,
            "clientKey": cluster.client_key,
        },
    )
"""

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self.parts: dict[str, Part] = {}
        super().__init__(cloud, folder, "pair")

    def values(self) -> dict[str, Any]:
        """The arguments of each cluster by its component's name."""
        return {"clusters": {name: part.arguments() for name, part in self.parts.items()}}


class Part(Live, PythonProgram):
    """One of the clusters. Its runs are those of the whole program."""

    def __init__(self, pair: Pair, figures: Figures, component: str, **config: Any) -> None:
        self.pair = pair
        self.component = component
        folder = pair.folder / component
        folder.mkdir()
        super().__init__(pair.cloud, folder, figures, component, **WITHOUT_BACKUPS, **config)

    @property
    def cluster_name(self) -> str:
        return f"etcd-{self.pair.PROJECT}-{self.pair.stack}-{self.component}"

    def use_program(self, source: Path) -> None:
        """Do nothing: the program is that of the pair."""

    def write_configuration(self) -> None:
        """Write the file of the pair's stack."""
        self.pair.parts[self.component] = self
        self.pair.write_configuration()

    def run(self, *argv: str, limit: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Run a command in the project of the pair. ``etcdctl`` reaches this cluster."""
        files = {variable: str(self.bundle / name) for variable, name in FILES.items()}
        endpoints = ",".join(f"https://{name}:2379" for name in self.names)
        return self.cloud.run(
            argv,
            cwd=self.pair.folder,
            env={"PULUMI_STACK": self.pair.stack, "ETCDCTL_ENDPOINTS": endpoints, **files},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=limit,
        )

    def save_bundle(self, directory: Path) -> None:
        """Save the operator's current files."""
        directory.mkdir(exist_ok=True)
        outputs = json.loads(
            self.run("pulumi", "stack", "output", self.component, "--json", "--show-secrets").stdout
        )
        for name, output in OUTPUTS.items():
            replace(directory / name, outputs[output], mode=0o600)

    def resource(self, suffix: str) -> str:
        """The URN of a member's resource, given its own type and name."""
        stack = f"urn:pulumi:{self.pair.stack}::{self.pair.PROJECT}"
        return f"{stack}::etcd:index:EtcdCluster$etcd:index:Member${suffix}"

    def urn(self, number: int) -> str:
        """The URN of a member's droplet."""
        return self.resource(f"digitalocean:index/droplet:Droplet::{self.cluster_name}-{number}")

    def droplets(self) -> dict[str, int]:
        """Ids of the cluster's droplets by member."""
        listed = self.digitalocean("GET", f"/v2/droplets?tag_name={self.cluster_name}&per_page=200")
        return {droplet["name"]: droplet["id"] for droplet in listed["droplets"]}

    def tags(self) -> list[str]:
        """The tags of the cluster's droplets."""
        listed = self.digitalocean("GET", f"/v2/droplets?tag_name={self.cluster_name}&per_page=200")
        return sorted({tag for droplet in listed["droplets"] for tag in droplet["tags"]})
