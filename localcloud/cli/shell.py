"""The interactive shell inside a local cloud."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from localcloud.cloud import LocalCloud
from localcloud.machines.files import replace

_BASH_START = """\
[ -f ~/.bashrc ] && . ~/.bashrc
PATH={commands}:$PATH
PS1="({name}) $PS1"
# Each call reads the cluster's endpoints and certificates: the cluster may be created after the shell started.
etcdctl() {{ {localcloud} run -- {commands}/etcdctl "$@"; }}
"""


def shell_command(cloud: LocalCloud) -> list[str]:
    """Return the command that starts the user's shell; bash gets a prompt with the local cloud's name.

    Raises ``LocalCloudError`` unless the local cloud runs.
    """
    cloud.check_running()
    shell = os.environ.get("SHELL") or "/bin/sh"
    if Path(shell).name != "bash":
        return [shell]
    start = cloud.layout.run / "bashrc"
    text = _BASH_START.format(
        commands=shlex.quote(str(cloud.layout.commands)),
        name=cloud.layout.name,
        localcloud=shlex.join([sys.executable, "-m", "localcloud.cli.main"]),
    )
    replace(start, text, mode=0o600)
    return [shell, "--rcfile", str(start)]
