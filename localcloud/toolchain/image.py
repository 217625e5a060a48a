"""The machine image: a Debian root tree that boots as a droplet does, made by mmdebstrap."""

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
"""Debian 13: the release of the droplet image ``debian-13-x64``."""

RECIPE = Path(__file__).parent / "machine_image"
"""Packages, files and settings of the image."""

BUILD_LIMIT = 1800.0
QUERY_LIMIT = 30.0

_UNWANTED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")


def ensure_image() -> Path:
    """Return the image's root tree, to be mounted and never written to, building it where it is missing.

    It is a stock Debian as far as a droplet's first boot is concerned: root is the user, there is no etcd,
    and machine id, hostname and SSH host keys are made at boot. cloud-init reads a NoCloud seed in
    ``/var/lib/cloud/seed/nocloud`` and sets up ``host0`` through systemd-networkd.

    Raises ``ToolchainError`` where mmdebstrap or root's rights are missing.
    """
    work = Work(
        f"Building the machine image of Debian {SUITE}",
        "the local cloud's droplets boot from it, and it is put together from some 150 Debian packages",
        "20 seconds to 2 minutes",
    )
    return cache.ensure("image", cache.digest(SUITE, *_UNWANTED, RECIPE), work, _build) / "root"


def _build(folder: Path, show: cache.Show) -> None:
    if os.geteuid() != 0:
        raise ToolchainError("the machine image is made of files owned by root: run this as root")
    lines = (RECIPE / "packages.txt").read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    # In mount and process namespaces of its own: nothing stays mounted or running below an unfinished tree.
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
    """Return the lines of the mirrors that this host's own apt uses; none, where it is not a Debian's."""
    found = _query("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    sources = sources_of(found.splitlines())
    return sources if len(sources) == 3 else []


def sources_of(uris: list[str]) -> list[str]:
    """Turn the repository URIs of a Debian host into the image's own sources."""
    main = [uri.rstrip("/") for uri in uris if re.search(r"/debian/?$", uri)]
    security = [uri.rstrip("/") for uri in uris if re.search(r"/debian-security/?$", uri)]
    lines: list[str] = []
    if main:
        lines += [f"deb {main[0]} {SUITE} main", f"deb {main[0]} {SUITE}-updates main"]
    if security:
        lines += [f"deb {security[0]} {SUITE}-security main"]
    return lines


def _host_apt_options() -> list[str]:
    """Return how this host's apt reaches its mirrors: proxies, certificates, tolerated clocks."""
    wanted = re.compile(r"Acquire::(https?|Check-Valid-Until|Check-Date|Retries)\b.* \"[^\"]+\";")
    return [line.rstrip(";") for line in _query("apt-config", "dump").splitlines() if wanted.match(line)]


def _query(*argv: str) -> str:
    if shutil.which(argv[0], path=SYSTEM_PATH) is None:
        return ""
    answer = subprocess.run(argv, capture_output=True, text=True, timeout=QUERY_LIMIT, check=False)
    return answer.stdout if answer.returncode == 0 else ""
