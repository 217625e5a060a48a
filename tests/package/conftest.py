from __future__ import annotations

import json
import os
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from localcloud.toolchain.commands import needed_plugins
from localcloud.toolchain.uv import find_uv
from tests.localcloud.engine_project import HOST, Project

CHECKOUT = Path(__file__).parents[2]
VERSION: str = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
"""The version that is being prepared, or of the release that this is."""


class Environment:
    """A Python environment without the checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "venv" / "bin" / "python"
        # Compiling the bytecode would take longer than all tests.
        other = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "UV_COMPILE_BYTECODE"}
        self._environment = {name: value for name, value in os.environ.items() if name not in other}

    def run(self, *argv: str | Path, cwd: Path | None = None) -> str:
        """Run a command to its end outside the checkout, and return its output."""
        answer = subprocess.run(
            argv,
            cwd=cwd or self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution, as a release is."""
    folder = tmp_path_factory.mktemp("dist")
    environment = Environment(folder)
    environment.run(
        find_uv(), "build", "--quiet", "--no-build-isolation", "--out-dir", folder, CHECKOUT, cwd=CHECKOUT
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An empty environment into which the wheel was installed, with the versions that a plugin gets."""
    environment = Environment(tmp_path_factory.mktemp("installed"))
    environment.run(find_uv(), "venv", "--quiet", environment.folder / "venv")
    lines = (CHECKOUT / "plugin" / "requirements.txt").read_text().splitlines()
    constraints = environment.folder / "constraints.txt"
    constraints.write_text("\n".join(line for line in lines if "==" in line))
    install = ("pip", "install", "--quiet", "--constraint", constraints, "--python", environment.python)
    environment.run(find_uv(), *install, wheel)
    return environment


Schema = dict[str, Any]


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    """What `pulumi package get-schema plugin` prints."""
    project = Project(tmp_path_factory.mktemp("schema"), "")
    project.install(*(plugin for plugin in needed_plugins() if plugin != HOST))
    shown = project.pulumi("package", "get-schema", str(CHECKOUT / "plugin"))
    return json.loads(shown[shown.index("{\n") :])
