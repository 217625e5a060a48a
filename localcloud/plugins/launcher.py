"""What the engine starts for a stand-in provider where a fork server has the real thing ready.

``launcher.py MODULE ENGINE_ADDRESS``. It imports as good as nothing: its start is what the engine waits for.
The connection is a lifeline: the plugin ends with this process, and this process with the plugin.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    import socket
else:
    # The modules without the underscore make enumerations of their constants, for longer than all else here takes.
    import _signal as signal
    import _socket as socket

SOCKET = "LOCALCLOUD_PLUGIN_SOCKET"
"""The environment variable that says where the fork server listens. Without one the plugin starts by itself."""

_ENGINE_CHECK_INTERVAL = 1.0
"""Seconds."""


def main(module: str, arguments: list[str]) -> None:
    """Have the fork server run ``module`` with this process's output, environment and directory."""
    engine = os.getppid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    outputs = b"".join(number.to_bytes(4, sys.byteorder) for number in (1, 2))
    try:
        connection.connect(os.environ[SOCKET])
        request = "\0".join([module, os.getcwd(), *arguments])  # noqa: PTH109 - pathlib takes longer to import
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, outputs)
        connection.sendmsg([os.fsencode(request)], [rights])
        connection.send(b"\0".join(name + b"=" + value for name, value in os.environb.items()))
        taken = connection.recv(1)
    except OSError:
        taken = b""
    if not taken:
        os.execv(sys.executable, [sys.executable, "-uP", "-m", module, *arguments])  # noqa: S606
    connection.settimeout(_ENGINE_CHECK_INTERVAL)
    while os.getppid() == engine:
        try:
            connection.recv(1)
        except TimeoutError:
            continue
        # The plugin has ended, which it does not do by itself.
        os._exit(1)
    os._exit(0)


def _end(*_: object) -> None:
    """End by a signal; the plugin sees the end of the connection."""
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
