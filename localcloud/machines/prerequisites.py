"""Checks that this host can run a local cloud."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from pathlib import Path

from localcloud.machines.errors import LocalCloudError
from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.uv import check_installable

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

CAPABILITIES = {"CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21}
"""Capabilities that root lacks in most containers, each with its number: ``include/uapi/linux/capability.h``."""

PROCESS_STATUS = Path("/proc/self/status")
"""What the kernel says of this process: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html."""

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
    """Raise ``LocalCloudError`` unless this is root, with root's capabilities, or as ``check_platform`` does."""
    check_platform()
    if os.geteuid() != 0:
        raise LocalCloudError("the local cloud needs root for its machines and network: use sudo")
    if missing := _missing_capabilities():
        raise LocalCloudError(
            f"the local cloud needs {' and '.join(missing)} for its machines and network, and root lacks that here, "
            "as in most containers: use a virtual machine, or a privileged container (docker run --privileged)"
        )


def check_platform() -> None:
    """Raise ``LocalCloudError`` unless this is Linux on x86-64, and new enough."""
    if platform.system() != "Linux":
        raise LocalCloudError(f"the local cloud needs Linux, but this is {platform.system()}")
    if platform.machine() != "x86_64":
        raise LocalCloudError(f"the local cloud needs an x86-64 machine, but this is {platform.machine()}")
    release = platform.release()
    version = tuple(int(part) for part in re.findall(r"\d+", release)[:2])
    if version < _KERNEL:
        raise LocalCloudError(f"the local cloud needs Linux 5.14 or newer, but this is {release}")


def _missing_capabilities() -> list[str]:
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", PROCESS_STATUS.read_text(), re.MULTILINE)
    return [name for name, bit in CAPABILITIES.items() if found and not int(found[1], 16) >> bit & 1]


if __name__ == "__main__":
    # `make` asks this before it installs or builds anything, so the module needs no package.
    try:
        check_system()
        check_installable()
    except (LocalCloudError, ToolchainError) as error:
        sys.exit(f"error: {error}")
