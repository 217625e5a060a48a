"""A Pulumi project's stack inside a local cloud."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from localcloud.machines.errors import LocalCloudError
from localcloud.machines.files import replace
from localcloud.machines.layout import Layout

Run = Callable[[list[str]], "subprocess.CompletedProcess[str]"]
"""Runs a command in the project's folder, inside the local cloud, and captures its output."""

_FILES = {"ETCDCTL_CACERT": "caCertificate", "ETCDCTL_CERT": "clientCertificate", "ETCDCTL_KEY": "clientKey"}


@dataclass(frozen=True)
class Stack:
    """A stack in the local cloud's own backend."""

    layout: Layout
    project: str
    name: str
    directory: Path
    """The project's folder."""

    @property
    def checkpoint(self) -> Path:
        """The stack's file in Pulumi's file backend
        (https://www.pulumi.com/docs/iac/concepts/state-and-backends/#local-filesystem)."""
        return self.layout.pulumi_backend / ".pulumi" / "stacks" / self.project / f"{self.name}.json"

    def create(self, run: Run) -> None:
        """Create the stack, if the project has a configuration file for it and it does not exist."""
        configured = (self.directory / f"Pulumi.{self.name}.yaml").exists()
        if configured and not self.checkpoint.exists():
            _pulumi(run, "stack", "init", self.name, "--non-interactive")

    def etcdctl_environment(self, run: Run) -> dict[str, str]:
        """Return the variables with which etcdctl reaches the stack's cluster; none without a cluster.

        The certificates and the key are written to files that only root can read.
        """
        if not self.checkpoint.exists():
            return {}
        directory = self.layout.run / "etcdctl" / self.project / self.name
        cached = directory / "environment.json"
        if not cached.exists() or cached.stat().st_mtime_ns < self.checkpoint.stat().st_mtime_ns:
            outputs = json.loads(_pulumi(run, "stack", "output", "--json", "--show-secrets"))
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace(cached, json.dumps(_write(outputs, directory)), mode=0o600)
        return json.loads(cached.read_text())


def find_stack(layout: Layout, directory: Path, name: str) -> Stack | None:
    """Return the stack ``name`` of the project that contains ``directory``; ``None`` outside any project."""
    for candidate in (directory, *directory.parents):
        file = candidate / "Pulumi.yaml"
        if file.exists():
            return Stack(layout, yaml.safe_load(file.read_text())["name"], name, candidate)
    return None


def _write(outputs: Mapping[str, Any], directory: Path) -> dict[str, str]:
    endpoints = outputs.get("endpoints")
    if not endpoints or any(output not in outputs for output in _FILES.values()):
        return {}
    environment = {"ETCDCTL_ENDPOINTS": ",".join(endpoints)}
    for variable, output in _FILES.items():
        file = directory / f"{output}.pem"
        replace(file, outputs[output], mode=0o600)
        environment[variable] = os.fspath(file)
    return environment


def _pulumi(run: Run, *arguments: str) -> str:
    result = run(["pulumi", *arguments])
    if result.returncode != 0:
        lines = (result.stderr.strip() or result.stdout.strip() or "no output").splitlines()
        raise LocalCloudError(f"pulumi {' '.join(arguments)}: {lines[-1]}")
    return result.stdout
