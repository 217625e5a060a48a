"""A Pulumi project's stack inside a local cloud."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from localcloud.machines.client_choice import OPERATOR_FILES, StackClients, clients_of
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.files import replace
from localcloud.machines.layout import Layout

Run = Callable[[list[str]], "subprocess.CompletedProcess[str]"]
"""Runs a command in the project's folder, inside the local cloud, and captures its output."""

_CA = "caCertificate"
NEEDED = frozenset({_CA, OPERATOR_FILES.certificate, OPERATOR_FILES.key})
"""The outputs without which nobody connects to the cluster."""


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
        if not configured or self.checkpoint.exists():
            return
        try:
            _pulumi(run, "stack", "init", self.name, "--non-interactive")
        except LocalCloudError:
            # Another command may have created it meanwhile.
            if not self.checkpoint.exists():
                raise

    def outputs(self, run: Run) -> dict[str, Any]:
        """Return the stack's outputs, secrets included; none before its first run. Pulumi runs only if they changed."""
        if not self.checkpoint.exists():
            return {}
        cached = self._folder / "outputs.json"
        # The cache is as old as what was read, because a run may write meanwhile.
        written = self.checkpoint.stat().st_mtime_ns
        if not cached.exists() or cached.stat().st_mtime_ns != written:
            outputs = json.loads(_pulumi(run, "stack", "output", "--json", "--show-secrets"))
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in _files(outputs):
                replace(self._file(name), outputs[name], mode=0o600)
            replace(cached, json.dumps(outputs), mode=0o600)
            os.utime(cached, ns=(written, written))
        return json.loads(cached.read_text())

    def clients(self, outputs: Mapping[str, Any]) -> StackClients:
        """Return the clients in the stack's outputs."""
        return clients_of(outputs, self.configuration())

    def configuration(self) -> dict[str, Any]:
        """Return the keys of the stack's configuration file; none without the file."""
        file = self.directory / f"Pulumi.{self.name}.yaml"
        return (_document(file) if file.exists() else {}).get("config") or {}

    def has_resources(self) -> bool:
        """Return whether a run has made resources which the stack still has."""
        if not self.checkpoint.exists():
            return False
        try:
            state: dict[str, Any] = json.loads(self.checkpoint.read_text())["checkpoint"]
        except ValueError:
            # A killed engine can leave a file that cannot be read, and only a run writes it.
            return True
        latest: dict[str, Any] = state.get("latest") or {}
        return bool(latest.get("resources"))

    def etcdctl_environment(self, run: Run, client: str = "") -> dict[str, str]:
        """Return the variables with which etcdctl reaches the stack's cluster; none without a cluster.

        ``client`` is the name of the client whose certificate is used. The certificates and the keys are in files that
        only root can read. Raises ``LocalCloudError`` if the stack has no such client.
        """
        outputs = self.outputs(run)
        if not outputs.get("endpoints") or not outputs.keys() >= NEEDED:
            return {}
        chosen = self.clients(outputs).for_keys(client)
        return {
            "ETCDCTL_ENDPOINTS": ",".join(outputs["endpoints"]),
            "ETCDCTL_CACERT": os.fspath(self._file(_CA)),
            "ETCDCTL_CERT": os.fspath(self._file(chosen.certificate)),
            "ETCDCTL_KEY": os.fspath(self._file(chosen.key)),
        }

    @property
    def _folder(self) -> Path:
        return self.layout.run / "etcdctl" / self.project / self.name

    def _file(self, output: str) -> Path:
        return self._folder / f"{output}.pem"


def find_stack(layout: Layout, directory: Path, name: str) -> Stack | None:
    """Return the stack ``name`` of the project that contains ``directory``; ``None`` outside any project.

    Raises ``LocalCloudError`` if the project's file cannot be read.
    """
    for candidate in (directory, *directory.parents):
        file = candidate / "Pulumi.yaml"
        if file.exists():
            project = _document(file).get("name")
            if not isinstance(project, str):
                raise LocalCloudError(f"{file} does not name the project: add a line such as name: etcd")
            return Stack(layout, project, name, candidate)
    return None


def stack_of(layout: Layout, directory: Path, name: str) -> Stack:
    """Return the stack ``name`` of the project that contains ``directory``. Raises ``LocalCloudError`` outside any."""
    stack = find_stack(layout, directory.resolve(), name)
    if stack is None:
        raise LocalCloudError(f"{directory} is in no Pulumi project: change to a folder with Pulumi.yaml")
    return stack


def _document(file: Path) -> dict[str, Any]:
    """The content of a YAML file. Raises ``LocalCloudError``, which names the line, if it is no dictionary."""
    try:
        document = yaml.safe_load(file.read_text())
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise LocalCloudError(f"{file}{line}: {error.problem}: correct the file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LocalCloudError(f"{file} cannot be read: {' '.join(str(error).split())}") from None
    if document is not None and not isinstance(document, dict):
        raise LocalCloudError(f"{file} is no dictionary in YAML: correct the file")
    return cast("dict[str, Any]", document or {})


def _files(outputs: Mapping[str, Any]) -> list[str]:
    """The outputs that etcdctl reads from files."""
    clients = [OPERATOR_FILES, *clients_of(outputs, {}).issued.values()]
    names = [_CA, *(name for client in clients for name in (client.certificate, client.key))]
    return [name for name in names if name in outputs]


def _pulumi(run: Run, *arguments: str) -> str:
    result = run(["pulumi", *arguments])
    if result.returncode != 0:
        lines = (result.stderr.strip() or result.stdout.strip() or "no output").splitlines()
        raise LocalCloudError(f"pulumi {' '.join(arguments)}: {lines[-1]}")
    return result.stdout
