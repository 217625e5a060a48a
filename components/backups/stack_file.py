"""The settings of a stack, as a command outside a run of Pulumi reads them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ..config.loading import describe_errors, typed_values
from ..config.settings import Settings, cluster_name

SECONDS = 120.0
"""Seconds that ``pulumi`` has to print a configuration."""


class StackError(Exception):
    """The settings of the stack cannot be read. The text says why, and what to do."""


class NoPulumiError(StackError):
    """There is no Pulumi to ask."""


def read_stack(stack: str, folder: Path) -> tuple[str, Settings]:
    """The name of a stack's cluster, and its settings. An empty name is the stack that is selected.

    ``folder`` is that of ``Pulumi.yaml``. Raises ``StackError``.
    """
    project = project_name(folder)
    chosen = ["--stack", stack] if stack else []
    name = pulumi(folder, "stack", "--show-name", "--non-interactive", *chosen).strip()
    printed = json.loads(pulumi(folder, "config", "--json", "--show-secrets", "--non-interactive", *chosen))
    try:
        return cluster_name(project, name), Settings.model_validate(settings_in(printed, project))
    except ValidationError as error:
        raise StackError("\n".join(describe_errors(error))) from None


def settings_in(printed: Mapping[str, Mapping[str, Any]], project: str) -> dict[str, Any]:
    """The values of a project's keys in what ``pulumi config --json`` prints. An empty value counts as not set."""
    values = {
        key.removeprefix(f"{project}:"): entry.get("objectValue", entry.get("value"))
        for key, entry in printed.items()
        if key.startswith(f"{project}:")
    }
    return typed_values(values)


def project_name(folder: Path) -> str:
    """The name of the project in a folder. Raises ``StackError``."""
    try:
        document = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))
        return str(document["name"])
    except FileNotFoundError:
        raise StackError("there is no Pulumi.yaml here: run this in the folder of the project") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StackError(f"Pulumi.yaml cannot be read: {' '.join(str(error).split())}") from None
    except (KeyError, TypeError):
        raise StackError("Pulumi.yaml does not name the project: add a line such as name: etcd") from None


def pulumi(folder: Path, *arguments: str) -> str:
    """What a command of Pulumi prints on its standard output. Raises ``StackError``.

    Ctrl-C in the terminal does not reach the command: the caller decides what ends.
    """
    try:
        done = subprocess.run(
            ["pulumi", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise NoPulumiError("pulumi is not on the PATH: run this where pulumi up runs") from None
    except subprocess.TimeoutExpired:
        raise StackError(f"pulumi {arguments[0]} did not end within {SECONDS:.0f} s") from None
    if done.returncode != 0:
        raise StackError(f"pulumi {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
