"""A caller's program in Python, which imports the package and has its clusters beside other resources."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import yaml

from components.arguments.values import arguments_of
from components.config.loading import typed_values
from testbed.cluster import Cluster

OUTPUTS = """
pulumi.export("endpoints", cluster.endpoints)
pulumi.export("members", {member["name"]: member["address"] for member in cluster.members})
pulumi.export("caCertificate", cluster.ca_certificate)
pulumi.export("clientCertificate", cluster.client_certificate)
pulumi.export("clientKey", cluster.client_key)
"""
"""The end of a program: outputs of its ``cluster``, with which the local cloud's ``etcdctl`` reaches it."""


class PythonProgram(Cluster):
    """A stack of a caller's project, which a subclass writes.

    The program takes the arguments of its cluster from its configuration, by
    ``pulumi.Config().require_object("cluster")``. ``configure`` sets them by their keys in the configuration of this
    project's own program. The default providers have the first account of the local cloud.
    """

    PROGRAM: ClassVar[str]
    """The text of ``__main__.py``."""
    PROJECT: ClassVar[str] = "shop"
    """The name of the project, and the namespace of its configuration."""

    def use_program(self, source: Path) -> None:
        """Write the project. It has nothing of the checkout but the Python packages."""
        write_project(self.folder, self.PROJECT, self.PROGRAM)

    def configure(self, **changes: Any) -> None:
        """Change settings by their keys in this project's own configuration; ``None`` removes one."""
        config = self._document["config"]
        for key, value in changes.items():
            config.pop(f"etcd:{key}", None)
            if value is not None:
                config[f"etcd:{key}"] = value
        self.write_configuration()

    def write_configuration(self) -> None:
        """Write the file of the stack."""
        config = {key: value for key, value in self._document["config"].items() if not _is_setting(key)}
        config |= {f"{self.PROJECT}:{key}": value for key, value in self.values().items()}
        (self.folder / f"Pulumi.{self.stack}.yaml").write_text(
            yaml.safe_dump({**self._document, "config": config}), encoding="utf-8"
        )

    def values(self) -> dict[str, Any]:
        """What the program reads from its own configuration."""
        return {"cluster": self.arguments()}

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """The arguments of a cluster, as Python programs have them. ``changes`` are settings of this cluster alone."""
        settings = {
            key.removeprefix("etcd:"): value
            for key, value in self._document["config"].items()
            if _is_setting(key)
        }
        return dict(arguments_of(typed_values(settings | changes)))


def write_project(folder: Path, name: str, program: str, **more: Any) -> None:
    """Write a project in Python. ``more`` are other keys of ``Pulumi.yaml``."""
    runtime = {"name": "python", "options": {"toolchain": "uv", "virtualenv": ".venv"}}
    project = {"name": name, "runtime": runtime, **more}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    (folder / "__main__.py").write_text(program, encoding="utf-8")


def _is_setting(key: str) -> bool:
    return key.startswith("etcd:")
