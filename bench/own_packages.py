"""Projects whose programs import their packages in each run, as with Pulumi's own host of Python."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import yaml

_REPLACED = ("Pulumi.yaml", ".venv", ".git")


def own_environment(directory: Path) -> Path:
    """Create a virtual environment with this interpreter and its packages, and return it.

    It is not the environment of the local cloud's language host. So the host starts the program in a process of its
    own, which has imported nothing.
    """
    environment = directory / "environment"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    (environment / "lib").symlink_to(Path(sys.prefix) / "lib")
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", environment)
    return environment


def with_environment(project: Path, directory: Path, environment: Path) -> Path:
    """Create the same project with another virtual environment in a new directory, and return the directory.

    Its stacks are those of the first project, with the same configuration.
    """
    directory.mkdir()
    settings = yaml.safe_load((project / "Pulumi.yaml").read_text())
    settings["runtime"] = {"name": "python", "options": {"virtualenv": str(environment)}}
    (directory / "Pulumi.yaml").write_text(yaml.safe_dump(settings))
    for entry in project.iterdir():
        if entry.name not in _REPLACED:
            (directory / entry.name).symlink_to(entry)
    return directory
