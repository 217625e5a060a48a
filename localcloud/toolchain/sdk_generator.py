"""Builds Pulumi's generators of SDKs for TypeScript, Go and Python, from its published Go module.

They are what ``pulumi package add`` runs in a project of these languages. Tests compile the SDKs of the plugin.
"""

from __future__ import annotations

from pathlib import Path

from localcloud.toolchain import cache, golang
from localcloud.toolchain.engine import TAGS
from localcloud.toolchain.progress import Work

_MODULE = "sdk-generator"
_PACKAGE = "."

_WORK = Work(
    "Building Pulumi's generators of SDKs",
    "tests compile callers in TypeScript, Go and Python; most of it is compiled already for the engine",
    "1 to 2 minutes on 2 cores",
    "200 MB",
)


def ensure_sdk_generator() -> Path:
    """Return the program, and build it if it is missing."""
    sources = [file.read_text() for file in sorted((golang.MODULES / _MODULE).glob("*.go"))]
    return cache.ensure(_MODULE, golang.recipe(_MODULE, _PACKAGE, TAGS, *sources), _WORK, _build) / _MODULE


def _build(folder: Path, show: cache.Show) -> None:
    golang.build(_MODULE, _PACKAGE, folder / _MODULE, show, tags=TAGS)
