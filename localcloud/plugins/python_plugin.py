"""Runs a plugin that is written in Python, as ``RunPlugin`` of Pulumi's language host does.

A plugin is a folder with a ``PulumiPlugin.yaml``. The official host runs it as a folder with a ``__main__.py``, or else
as the package of its ``pyproject.toml``:
https://www.pulumi.com/docs/iac/guides/building-extending/components/packaging-components/
"""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from typing import Any

from pulumi.runtime.proto import language_pb2

from localcloud.plugins.child_processes import ChildProcesses
from localcloud.plugins.python_environment import environment_of


class NotRunnableError(Exception):
    """The folder has nothing to run as a plugin."""


def start_plugin(request: language_pb2.RunPluginRequest, children: ChildProcesses) -> subprocess.Popen[bytes]:
    """Start the requested plugin in its Python environment. Raises ``NotRunnableError`` if it has nothing to run."""
    environment = environment_of(request.info, is_plugin=True)
    return children.start(
        [environment.python, *plugin_arguments(request)],
        env=environment.variables | dict(one.split("=", 1) for one in request.env if "=" in one),
        cwd=request.pwd or None,
        output=subprocess.PIPE,
    )


def plugin_arguments(request: language_pb2.RunPluginRequest) -> list[str]:
    """Return the arguments with which Python runs the plugin. Raises ``NotRunnableError`` if it has nothing to run."""
    root = Path(request.info.root_directory)
    if (root / "__main__.py").exists():
        return [request.info.program_directory, *request.args]
    name = _buildable_package(root)
    if name is None:
        raise NotRunnableError(
            f"the plugin {root} has neither a __main__.py nor a pyproject.toml with a name and a build backend: "
            "add one of them"
        )
    return ["-m", "pulumi.run.plugin", name, *request.args]


def _buildable_package(root: Path) -> str | None:
    try:
        described: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    backend = described.get("build-system", {}).get("build-backend")
    return described.get("project", {}).get("name") if backend else None
