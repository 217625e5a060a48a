"""The process that Pulumi's stand-in providers are forked from."""

from __future__ import annotations

import socket
import sys

from localcloud.machines.cgroups import Cgroup
from localcloud.machines.files import open_log
from localcloud.machines.layout import Layout
from localcloud.machines.prerequisites import SYSTEM_PATH

_BACKLOG = 64
"""The number of launchers that can wait while the process starts."""


class PluginProcess:
    """``python -m localcloud.plugins.fork_server``, as a daemon inside the namespace.

    ``ensure`` does not wait until it is ready: earlier connections are answered later. It loads changed code by itself.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._cgroup = Cgroup(layout.cgroup) / "plugins"
        self._log = layout.logs / "plugins.log"

    def running(self) -> bool:
        """Return whether the process runs. Plugins that outlive it do not count."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            return connection.connect_ex(str(self._layout.plugin_socket)) == 0

    def ensure(self) -> None:
        """Start the process unless it runs."""
        if self.running():
            return
        path = self._layout.plugin_socket
        path.unlink(missing_ok=True)
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener,
            open_log(self._log) as log,
        ):
            listener.bind(str(path))
            path.chmod(0o600)
            listener.listen(_BACKLOG)
            number = listener.fileno()
            self._cgroup.spawn(
                [
                    *("ip", "netns", "exec", self._layout.namespace, sys.executable),
                    *("-uP", "-m", "localcloud.plugins.fork_server", str(number)),
                ],
                output=log,
                env={"PATH": SYSTEM_PATH, "HOME": "/root", "LANG": "C.UTF-8"},
                descriptors=[number],
            )
