"""Finds the user's Pulumi engine, or builds one from its published Go module."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from functools import cache as once
from pathlib import Path

from localcloud.toolchain import cache, golang
from localcloud.toolchain.progress import Work

ENGINE_VERSION = "3.274.1"
"""The version that is built. The user's own engine must be at least as new."""

VERSION_LIMIT = 30.0

TAGS = "osusergo,grpcnotrace"
"""Build tags of Pulumi's own releases: no C library, and no page of gRPC's traces."""

_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_LDFLAGS = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{ENGINE_VERSION}"

_WORK = Work(
    f"Building the Pulumi engine {ENGINE_VERSION}",
    f"PATH has no `pulumi` of at least {ENGINE_VERSION}; the engine has some 1,500 Go packages",
    "3 to 6 minutes on 2 cores",
    "1.8 GB",
)


def ensure_engine() -> Path:
    """Return an executable ``pulumi`` of at least ``ENGINE_VERSION``: from PATH, or else a built one."""
    return users_engine() or built_engine()


@once
def users_engine() -> Path | None:
    """Return the ``pulumi`` on PATH if it is new enough, or ``None``."""
    found = shutil.which("pulumi")
    if found is None or Path(found).resolve().is_relative_to(cache.root().resolve()):
        return None
    version = _version(found)
    return Path(found) if version and _numbers(version) >= _numbers(ENGINE_VERSION) else None


def built_engine() -> Path:
    """Return the engine from the cache, and build it if it is missing."""
    return cache.ensure("engine", _key(), _WORK, _build) / "pulumi"


def missing_engine() -> list[Work]:
    """Return the work that ``ensure_engine`` would do now."""
    return [] if users_engine() else cache.missing("engine", _key(), _WORK)


def _key() -> str:
    return golang.recipe("engine", _PACKAGE, TAGS, _LDFLAGS)


def _build(folder: Path, show: cache.Show) -> None:
    golang.build("engine", _PACKAGE, folder / "pulumi", show, tags=TAGS, ldflags=_LDFLAGS)


def _version(pulumi: str) -> str | None:
    # With its own home, because the command stores the time of its update check there.
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"PULUMI_HOME": home, "PULUMI_SKIP_UPDATE_CHECK": "1"}
        try:
            answer = subprocess.run(
                [pulumi, "version"],
                env=environment,
                capture_output=True,
                text=True,
                timeout=VERSION_LIMIT,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
    found = re.search(r"v?(\d+\.\d+\.\d+)", answer.stdout)
    return found.group(1) if found else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
