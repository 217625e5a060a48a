"""Checks that this host can run a local cloud."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys

from localcloud.machines.errors import LocalCloudError

PACKAGES = {
    "busctl": "systemd",
    "dnsmasq": "dnsmasq-base",
    "ip": "iproute2",
    "losetup": "mount",
    "mkfs.ext4": "e2fsprogs",
    "nft": "nftables",
    "nsenter": "util-linux",
    "systemd-nspawn": "systemd-container",
    "sysctl": "procps",
}
"""The required tools, each with its Debian package."""

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# The first version with cgroup.kill.
_KERNEL = (5, 14)


def check_host() -> None:
    """Raise ``LocalCloudError`` with the missing tools, or as ``check_system`` does."""
    check_system()
    missing = [tool for tool in PACKAGES if shutil.which(tool, path=SYSTEM_PATH) is None]
    if missing:
        packages = " ".join(sorted({PACKAGES[tool] for tool in missing}))
        raise LocalCloudError(
            f"missing tools: {', '.join(missing)}: run make setup, or apt-get install {packages}"
        )


def check_system() -> None:
    """Raise ``LocalCloudError`` unless this is root on a Linux that is new enough."""
    if platform.system() != "Linux":
        raise LocalCloudError(f"the local cloud needs Linux, but this is {platform.system()}")
    if platform.machine() != "x86_64":
        raise LocalCloudError(f"the local cloud needs an x86-64 machine, but this is {platform.machine()}")
    release = platform.release()
    version = tuple(int(part) for part in re.findall(r"\d+", release)[:2])
    if version < _KERNEL:
        raise LocalCloudError(f"the local cloud needs Linux 5.14 or newer, but this is {release}")
    if os.geteuid() != 0:
        raise LocalCloudError("the local cloud needs root for its machines and network: use sudo")


if __name__ == "__main__":
    # `make` asks this before it installs or builds anything, so the module needs no package.
    try:
        check_system()
    except LocalCloudError as error:
        sys.exit(f"error: {error}")
