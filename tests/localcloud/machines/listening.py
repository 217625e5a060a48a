"""What of a local cloud can be reached from outside its network namespace."""

from __future__ import annotations

import subprocess

from localcloud.cloud import LocalCloud
from localcloud.machines.cgroups import Cgroup


def listening(cloud: LocalCloud) -> set[str]:
    """The host's addresses and ports on which this cloud's processes listen."""
    sockets = subprocess.run(["ss", "-ltunpH"], capture_output=True, text=True, check=True).stdout
    own = {f"pid={process}," for process in Cgroup(cloud.layout.cgroup).processes()}
    return {line.split()[4] for line in sockets.splitlines() if any(process in line for process in own)}
