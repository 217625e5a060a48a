"""The interactive shell inside a local cloud."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from localcloud.cloud import LocalCloud
from localcloud.machines.files import replace
from localcloud.machines.operator import FOREIGN_PATTERNS, own_variables

_START = """\
{users}
# The lines above may name other accounts, backends and proxies.
for localcloud_variable in $(command env | command sed -n 's/=.*//p'); do
  case $localcloud_variable in {foreign}) unset "$localcloud_variable" ;; esac
done
unset localcloud_variable
export {own}
PATH={folder}:{commands}:$PATH
PS1="({name}) $PS1"
"""

_ETCDCTL = """\
#!/bin/sh
# Each call reads the cluster's endpoints and certificates: the cluster may be created after the shell started.
exec {localcloud} run -- etcdctl "$@"
"""


@dataclass(frozen=True)
class Shell:
    """The user's shell."""

    argv: list[str]
    variables: dict[str, str]
    """What its environment has in addition."""


def prepare_shell(cloud: LocalCloud) -> Shell:
    """Write what the user's shell reads at its start. It gets a prompt with the local cloud's name, if it can.

    Raises ``LocalCloudError`` unless the local cloud runs.
    """
    cloud.check_running()
    shell = os.environ.get("SHELL") or "/bin/sh"
    folder = cloud.layout.run / "shell"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # -P: modules in the current folder must not shadow others.
    localcloud = shlex.join([sys.executable, "-P", "-m", "localcloud.cli.main"])
    replace(folder / "etcdctl", _ETCDCTL.format(localcloud=localcloud), mode=0o700)
    environment = cloud.environment([shell])
    variables = {"PATH": os.pathsep.join([str(folder), environment["PATH"]])}
    start = cloud.layout.run / "shellrc"
    if Path(shell).name == "bash":
        replace(start, _start(cloud, folder, environment, "~/.bashrc"), mode=0o600)
        return Shell([shell, "--rcfile", str(start)], variables)
    # Shells of POSIX read the file of this variable. In a shell inside the shell it is the same file.
    users = os.path.expandvars(environment.get("ENV", "").replace(str(start), ""))
    replace(start, _start(cloud, folder, environment, shlex.quote(users)), mode=0o600)
    return Shell([shell], variables | {"ENV": str(start)})


def _start(cloud: LocalCloud, folder: Path, environment: Mapping[str, str], users: str) -> str:
    """The start-up file of a shell: the user's own one, and then again what the local cloud needs."""
    own = own_variables(cloud.layout)
    kept = {
        name: value
        for name, value in environment.items()
        if name in own or any(fnmatchcase(name, pattern) for pattern in FOREIGN_PATTERNS)
    }
    return _START.format(
        users=f"[ -f {users} ] && . {users}",
        foreign="|".join(FOREIGN_PATTERNS),
        own=" ".join(f"{name}={shlex.quote(value)}" for name, value in kept.items()),
        folder=shlex.quote(str(folder)),
        commands=shlex.quote(str(cloud.layout.commands)),
        name=cloud.layout.name,
    )
