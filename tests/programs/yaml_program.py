"""A running cluster that a program in YAML creates, by the package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from components.config.naming import argument_of
from tests.cluster.cluster import CHECKOUT
from tests.lifecycle.live import Live

OUTPUTS = ("endpoints", "members", "caCertificate", "clientCertificate", "clientKey")
SECRETS = ("discoveryToken", "backupSecretKey")


class YamlLive(Live):
    """A stack like one of the program: its cluster has the same names, and is configured by the same keys."""

    def use_program(self, source: Path) -> None:
        """Do nothing: the file of the project is the whole program."""

    def configure(self, **changes: Any) -> None:
        """Set settings by their keys in ``pulumi config``; ``None`` removes one. The program has them as arguments."""
        config = self._document["config"]
        for key, value in changes.items():
            config.pop(f"etcd:{key}", None)
            if value is not None:
                config[f"etcd:{key}"] = value
        settings = {key.removeprefix("etcd:"): value for key, value in config.items() if key.startswith("etcd:")}
        providers = {key: value for key, value in config.items() if not key.startswith("etcd:")}
        (self.folder / f"Pulumi.{self.stack}.yaml").write_text(
            yaml.safe_dump({**self._document, "config": providers}), encoding="utf-8"
        )
        (self.folder / "Pulumi.yaml").write_text(
            yaml.safe_dump(program(f"etcd-etcd-{self.stack}", settings)), encoding="utf-8"
        )


def program(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The program of one cluster. Its project has the name that the program's has, so that URNs are the same."""
    return {
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


def arguments(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The arguments of a cluster, by group."""
    groups: dict[str, dict[str, Any]] = {}
    for key, value in settings.items():
        group, name = argument_of(key).split(".")
        # Configuration may have numbers in quotes, and YAML programs may not.
        plain = int(value) if isinstance(value, str) and value.isdecimal() else value
        groups.setdefault(group, {})[name] = {"fn::secret": plain} if key in SECRETS else plain
    return groups
