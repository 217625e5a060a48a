"""A program in YAML that has the cluster of a stack of ours, by the package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from components.config.loading import typed_values
from components.config.naming import argument_of
from localcloud.checkout import CHECKOUT

OUTPUTS = ("endpoints", "members", "caCertificate", "clientCertificate", "clientKey")
SECRETS = ("discoveryToken", "backupSecretKey")


def write_yaml_program(folder: Path, stack: str, document: Mapping[str, Any]) -> None:
    """Write the program into a folder. ``document`` is the configuration file of the stack of ours.

    The project, the stack and the cluster have the same names. So resources have the same URNs.
    """
    config: Mapping[str, Any] = document["config"]
    settings = {key.removeprefix("etcd:"): value for key, value in config.items() if key.startswith("etcd:")}
    providers = {key: value for key, value in config.items() if not key.startswith("etcd:")}
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({**document, "config": providers}))
    name = f"etcd-etcd-{stack}"
    program = {
        "name": "etcd",
        "runtime": "yaml",
        "packages": {"etcd": str(CHECKOUT / "plugin")},
        "resources": {
            name: {
                "type": "etcd:EtcdCluster",
                "properties": {"clusterName": name, **arguments(settings)},
            }
        },
        "outputs": {output: f"${{{name}.{output}}}" for output in OUTPUTS},
    }
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(program))


def arguments(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The arguments of a cluster, by group."""
    groups: dict[str, dict[str, Any]] = {}
    # Configuration may have numbers in quotes, and programs may not.
    for key, value in typed_values(settings).items():
        group, name = argument_of(key).split(".")
        groups.setdefault(group, {})[name] = {"fn::secret": value} if key in SECRETS else value
    return groups
