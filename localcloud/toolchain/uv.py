"""Finds uv, which installs Python packages: https://docs.astral.sh/uv/."""

from __future__ import annotations

import os
import shutil

from localcloud.toolchain import cache
from localcloud.toolchain.errors import ToolchainError


def find_uv() -> str:
    """Return the program ``uv``: of the variable UV, from PATH, or from the cache, where ``make`` installs it."""
    uv = os.environ.get("UV") or shutil.which("uv") or shutil.which("uv", path=cache.root() / "uv" / "bin")
    if uv is None:
        raise ToolchainError(
            "uv is not installed, and Python packages are installed with it: run `make .venv/.synced`"
        )
    return uv
