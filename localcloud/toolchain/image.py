"""Builds the machine image with mmdebstrap: a Debian root tree that boots like a droplet."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from localcloud.toolchain import cache
from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.packages import SYSTEM_PATH
from localcloud.toolchain.process import run
from localcloud.toolchain.progress import Work

SUITE = "trixie"
"""The Debian release of the droplet image ``debian-13-x64``."""

RECIPE = Path(__file__).parent / "machine_image"
"""The folder with the packages, files and settings of the image."""

BUILD_LIMIT = 1800.0
QUERY_LIMIT = 30.0

_UNWANTED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")

_WORK = Work(
    f"Building the machine image of Debian {SUITE}",
    "droplets of the local cloud boot from it; it has some 150 Debian packages",
    "20 seconds to 2 minutes",
    "300 MB",
)


def ensure_image() -> Path:
    """Return the image's root tree, and build it if it is missing. Mount it read-only.

    At a droplet's first boot it is like a stock Debian: root is the user, etcd is not installed, and machine id,
    hostname and SSH host keys are made. cloud-init reads a NoCloud seed in ``/var/lib/cloud/seed/nocloud`` and
    configures ``host0`` through systemd-networkd.

    Raises ``ToolchainError`` without mmdebstrap or root.
    """
    return cache.ensure("image", _key(), _WORK, _build) / "root"


def missing_image() -> list[Work]:
    """Return the work that ``ensure_image`` would do now. Raises ``ToolchainError`` if it would fail without root."""
    work = cache.missing("image", _key(), _WORK)
    if work:
        _require_root()
    return work


def _require_root() -> None:
    if os.geteuid() != 0:
        raise ToolchainError(
            "the machine image has files that belong to root, and this is not root: run make setup with sudo"
        )


def _key() -> str:
    return cache.digest(SUITE, *_UNWANTED, RECIPE)


def _build(folder: Path, show: cache.Show) -> None:
    _require_root()
    lines = (RECIPE / "packages.txt").read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    # In its own mount and process namespaces, so that an interrupted build leaves no mounts or processes.
    argv = [
        "setpriv",
        "--pdeathsig",
        "KILL",
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ]
    argv += ["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(packages)}"]
    argv += [f"--dpkgopt=path-exclude={pattern}" for pattern in _UNWANTED]
    argv += [f"--aptopt={option}" for option in _host_apt_options()]
    argv += [f'--customize-hook=sh {shlex.quote(str(RECIPE / "customize.sh"))} "$1"']
    argv += [SUITE, str(folder / "root"), *_sources()]
    run(argv, show=show, limit=BUILD_LIMIT, env=os.environ | {"PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8"})


def _sources() -> list[str]:
    """Return the package sources of this host's apt; none if the host is not a Debian."""
    found = _query("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    sources = sources_of(found.splitlines())
    return sources if len(sources) == 3 else []


def sources_of(uris: list[str]) -> list[str]:
    """Return the image's package sources for the repository URIs of a Debian host."""
    main = [uri.rstrip("/") for uri in uris if re.search(r"/debian/?$", uri)]
    security = [uri.rstrip("/") for uri in uris if re.search(r"/debian-security/?$", uri)]
    lines: list[str] = []
    if main:
        lines += [f"deb {main[0]} {SUITE} main", f"deb {main[0]} {SUITE}-updates main"]
    if security:
        lines += [f"deb {security[0]} {SUITE}-security main"]
    return lines


def _host_apt_options() -> list[str]:
    """Return the options with which this host's apt reaches its mirrors: proxies, certificates, date checks."""
    wanted = re.compile(r"Acquire::(https?|Check-Valid-Until|Check-Date|Retries)\b.* \"[^\"]+\";")
    return [line.rstrip(";") for line in _query("apt-config", "dump").splitlines() if wanted.match(line)]


def _query(*argv: str) -> str:
    if shutil.which(argv[0], path=SYSTEM_PATH) is None:
        return ""
    answer = subprocess.run(argv, capture_output=True, text=True, timeout=QUERY_LIMIT, check=False)
    return answer.stdout if answer.returncode == 0 else ""
