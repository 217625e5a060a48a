"""The system's own programs that the local cloud needs, from Debian's packages where they are missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.process import run
from localcloud.toolchain.progress import Work, announced

SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])
"""Where programs are looked for: an ordinary user's PATH lacks the administrator's folders."""

PACKAGES = {
    "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
    "dnsmasq-base": "dnsmasq",
    "e2fsprogs": "mkfs.ext4",
    "iproute2": "ip",
    "mmdebstrap": "mmdebstrap",
    "mount": "losetup",
    "nftables": "nft",
    "prometheus": "promtool",
    "shellcheck": "shellcheck",
    "strace": "strace",
    "systemd": "systemd-analyze",
    "systemd-container": "systemd-nspawn",
    "util-linux": "nsenter",
    "xfsprogs": "mkfs.xfs",
}
"""Debian packages, each with a program or file that shows whether it is there, on other systems too."""

SERVICES = {"prometheus": "prometheus.service"}
"""Packages whose service would start with their installation, though only their programs are needed."""

UNITS = Path("/etc/systemd/system")

INSTALL_LIMIT = 1800.0


def missing_packages() -> list[str]:
    """Return the names of the packages whose programs are not there."""
    return [package for package, sign in PACKAGES.items() if not _present(sign)]


def install_packages() -> None:
    """Install what is missing by apt.

    Raises ``ToolchainError``, in one line, where there is no apt or no root's right to use it.
    """
    missing = missing_packages()
    if not missing:
        return
    names = " ".join(missing)
    if shutil.which("apt-get") is None:
        programs = " ".join(PACKAGES[package] for package in missing)
        raise ToolchainError(f"missing on this system: {programs} (Debian's packages {names})")
    if os.geteuid() != 0:
        raise ToolchainError(f"missing packages: run `sudo apt-get install {names}`")
    work = Work(
        f"Installing {names}", "the local cloud's machines, network and volumes need them", "under a minute"
    )
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "PATH": SYSTEM_PATH}
    for package in SERVICES.keys() & set(missing):
        _mask(SERVICES[package])
    with announced(work) as show:
        run([*apt, "update"], show=show, limit=INSTALL_LIMIT, env=environment)
        install = [*apt, "install", "--yes", "--no-install-recommends", *missing]
        run(install, show=show, limit=INSTALL_LIMIT, env=environment)
    if still := missing_packages():
        raise ToolchainError(f"still missing after their installation: {' '.join(still)}")


def _mask(service: str) -> None:
    """What ``systemctl mask`` does, also where no systemd runs."""
    unit = UNITS / service
    if not unit.exists() and not unit.is_symlink():
        UNITS.mkdir(parents=True, exist_ok=True)
        unit.symlink_to("/dev/null")


def _present(sign: str) -> bool:
    return Path(sign).exists() if sign.startswith("/") else shutil.which(sign, path=SYSTEM_PATH) is not None
