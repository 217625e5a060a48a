"""Installs the system's programs that the local cloud needs, from Debian's packages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path

from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.process import run
from localcloud.toolchain.progress import Work, announced

SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])
"""The folders of programs. They include the administrator's, which a user's PATH may lack."""

PACKAGES = {
    "chromium": "chromium",
    "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
    "dnsmasq-base": "dnsmasq",
    "e2fsprogs": "mkfs.ext4",
    "iproute2": "ip",
    "mmdebstrap": "mmdebstrap",
    "mount": "losetup",
    "nftables": "nft",
    "procps": "sysctl",
    "prometheus": "promtool",
    "shellcheck": "shellcheck",
    "strace": "strace",
    "systemd": "systemd-analyze",
    "systemd-container": "systemd-nspawn",
    "util-linux": "nsenter",
    "xfsprogs": "mkfs.xfs",
}
"""Debian packages, each with a program or file that exists if the package, or another system's, is installed."""

OTHER_USES = frozenset({"chromium", "prometheus", "shellcheck", "strace"})
"""Packages that a local cloud runs without: ``make monitoring``, ``make lint`` and tests need them."""

SERVICES = {"prometheus": "prometheus.service"}
"""Packages of which only the programs are needed, each with the service that its installation would start."""

UNITS = Path("/etc/systemd/system")
"""The folder in which services are masked."""

INSTALL_LIMIT = 1800.0


def missing_packages() -> list[str]:
    """Return the names of the packages that are not installed."""
    return [package for package, sign in PACKAGES.items() if not _present(sign)]


def install_packages(excluded: Collection[str] = ()) -> None:
    """Install the missing packages with apt, except for the ``excluded`` ones.

    Raises ``ToolchainError`` with one line without apt or without root.
    """
    work = missing_work(excluded)
    if not work:
        return
    missing = _missing_except(excluded)
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "PATH": SYSTEM_PATH}
    for package in SERVICES.keys() & set(missing):
        _mask(SERVICES[package])
    with announced(work[0]) as show:
        run([*apt, "update"], show=show, limit=INSTALL_LIMIT, env=environment)
        install = [*apt, "install", "--yes", "--no-install-recommends", *missing]
        run(install, show=show, limit=INSTALL_LIMIT, env=environment)
    if still := _missing_except(excluded):
        raise ToolchainError(f"packages are still missing after their installation: {' '.join(still)}")


def _missing_except(excluded: Collection[str]) -> list[str]:
    return [package for package in missing_packages() if package not in excluded]


def missing_work(excluded: Collection[str] = ()) -> list[Work]:
    """Return the work that ``install_packages`` would do now.

    Raises ``ToolchainError`` with one line without apt or without root.
    """
    missing = _missing_except(excluded)
    if not missing:
        return []
    names = " ".join(missing)
    if shutil.which("apt-get") is None:
        programs = " ".join(PACKAGES[package] for package in missing)
        raise ToolchainError(f"missing programs: {programs}: install them (Debian's packages are {names})")
    if os.geteuid() != 0:
        raise ToolchainError(
            f"missing packages, and this is not root: run sudo make setup, which installs them ({names})"
        )
    return [
        Work(
            f"Installing {names}",
            "make monitoring, make lint and the tests need them"
            if OTHER_USES.issuperset(missing)
            else "machines, network and volumes of the local cloud need them",
            "about a minute",
            "600 MB" if "chromium" in missing else "200 MB",
        )
    ]


def _mask(service: str) -> None:
    """Mask a service like ``systemctl mask``, which needs a running systemd."""
    unit = UNITS / service
    if not unit.exists() and not unit.is_symlink():
        UNITS.mkdir(parents=True, exist_ok=True)
        unit.symlink_to("/dev/null")


def _present(sign: str) -> bool:
    return Path(sign).exists() if sign.startswith("/") else shutil.which(sign, path=SYSTEM_PATH) is not None
