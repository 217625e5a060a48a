"""Finds uv, which installs Python packages: https://docs.astral.sh/uv/. The module needs no package."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.folders import cache_root


def find_uv() -> str:
    """Return the program ``uv``: of the variable UV, from PATH, or from the cache, where ``make`` installs it."""
    uv = _installed()
    if uv is None:
        raise ToolchainError(
            "uv is not installed, and Python packages are installed with it: run `make .venv/.synced`"
        )
    return uv


def check_installable() -> None:
    """Raise ``ToolchainError`` if there is no uv, and ``make`` cannot install it with this interpreter either."""
    if _installed() is None and find_spec("ensurepip") is None:
        raise ToolchainError(
            "Python packages are installed with uv, or with python3's module venv, and both are missing: "
            "run apt-get install python3-venv, or install uv (https://docs.astral.sh/uv/)"
        )


def _installed() -> str | None:
    return os.environ.get("UV") or shutil.which("uv") or shutil.which("uv", path=cache_root() / "uv" / "bin")
