"""Builds the S3 server of the local cloud, Versity's gateway: https://github.com/versity/versitygw."""

from __future__ import annotations

from pathlib import Path

from localcloud.toolchain import cache, golang
from localcloud.toolchain.progress import Work

_MODULE = "versitygw"
_PACKAGE = "github.com/versity/versitygw/cmd/versitygw"

_WORK = Work(
    "Building an S3 server",
    "it stores the local cloud's backups; it is Versity's S3 gateway, built from its published Go module",
    "1 to 3 minutes on 2 cores",
    "600 MB",
)


def ensure_object_store() -> Path:
    """Return the executable ``versitygw``, and build it if it is missing."""
    return cache.ensure(_MODULE, golang.recipe(_MODULE, _PACKAGE), _WORK, _build) / _MODULE


def missing_object_store() -> list[Work]:
    """Return the work that ``ensure_object_store`` would do now."""
    return cache.missing(_MODULE, golang.recipe(_MODULE, _PACKAGE), _WORK)


def _build(folder: Path, show: cache.Show) -> None:
    golang.build(_MODULE, _PACKAGE, folder / _MODULE, show)
