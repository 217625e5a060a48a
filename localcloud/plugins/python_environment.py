"""Finds the Python environment of a program or a plugin, as Pulumi's host of Python does.

Its project or plugin names the environment by ``runtime.options``, with ``virtualenv`` and ``toolchain``:
https://www.pulumi.com/docs/iac/languages-sdks/python/#virtual-environments
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from pulumi.runtime.proto import language_pb2


@dataclass(frozen=True)
class PythonEnvironment:
    """A Python interpreter with its packages."""

    folder: Path | None = None
    """The virtual environment, or ``None`` for that of this process."""

    @property
    def python(self) -> str:
        """The interpreter."""
        return sys.executable if self.folder is None else str(self.folder / "bin" / "python")

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables of a process that runs in it."""
        if self.folder is None:
            return dict(os.environ)
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
        path = os.pathsep.join([str(self.folder / "bin"), os.environ.get("PATH", os.defpath)])
        return kept | {"PATH": path, "VIRTUAL_ENV": str(self.folder)}

    def packages(self) -> Iterable[metadata.Distribution]:
        """The installed packages."""
        if self.folder is None:
            return metadata.distributions()
        return metadata.distributions(
            path=[str(path) for path in self.folder.glob("lib/python*/site-packages")]
        )


def environment_of(info: language_pb2.ProgramInfo, *, is_plugin: bool = False) -> PythonEnvironment:
    """Return the environment that a program or a plugin asks for.

    Without one, or if it does not exist, it is that of this process. The official host would use the ``python3`` on
    PATH for a program without one, and refuse one that does not exist.
    """
    folder = _virtualenv(info, is_plugin=is_plugin)
    if folder is None or not (folder / "bin" / "python").is_file():
        return PythonEnvironment()
    return PythonEnvironment(None if folder.resolve() == Path(sys.prefix).resolve() else folder)


def _virtualenv(info: language_pb2.ProgramInfo, *, is_plugin: bool) -> Path | None:
    options = {name: field.string_value for name, field in info.options.fields.items()}
    program = Path(info.program_directory)
    toolchain = options.get("toolchain")
    name = options.get("virtualenv")
    if not name and is_plugin and toolchain in {None, "pip"}:
        name = "venv"
    if name:
        return Path(os.path.normpath(Path(info.root_directory, name)))
    if toolchain == "uv" or (toolchain is None and _nearest(program, "uv.lock")):
        beside = _nearest(program, "uv.lock") or _nearest(program, "pyproject.toml") or program
        return beside / os.environ.get("UV_PROJECT_ENVIRONMENT", ".venv")
    return None


def _nearest(folder: Path, name: str) -> Path | None:
    """The folder, or else the nearest one above it, that has a file with this name."""
    return next((one for one in (folder, *folder.parents) if (one / name).is_file()), None)
