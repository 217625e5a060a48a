"""Builds the S3 server of the local cloud, Versity's gateway: https://github.com/versity/versitygw."""

from __future__ import annotations

from pathlib import Path

from localcloud.toolchain import cache, golang
from localcloud.toolchain.progress import Work

_MODULE = "versitygw"
_PACKAGE = "github.com/versity/versitygw/cmd/versitygw"

TYPICAL = "1 to 3 minutes on 2 cores"
"""The usual duration of the build."""

_WORK = Work(
    "Building an S3 server",
    "it stores the local cloud's backups; it is Versity's S3 gateway, built from its published Go module",
    TYPICAL,
    "600 MB",
)


def ensure_object_store() -> Path:
    """Return the executable ``versitygw``, and build it if it is missing."""
    return cache.ensure(_MODULE, golang.recipe(_MODULE, _PACKAGE), _WORK, _build) / _MODULE


def built_object_store() -> Path | None:
    """Return the executable ``versitygw`` if it is built."""
    return None if missing_object_store() else ensure_object_store()


def missing_object_store() -> list[Work]:
    """Return the work that ``ensure_object_store`` would do now."""
    return cache.missing(_MODULE, golang.recipe(_MODULE, _PACKAGE), _WORK)


def _build(folder: Path, show: cache.Show) -> None:
    golang.build(_MODULE, _PACKAGE, folder / _MODULE, show)
