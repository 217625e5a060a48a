"""Starts a stand-in plugin through the fork server: ``launcher.py MODULE ENGINE_ADDRESS``.

The engine starts this program and waits for it, so it imports almost nothing. The plugin ends when this process ends,
and this process ends when the plugin ends: each notices that the connection was closed. Signals are passed on.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    import socket
else:
    # The public modules turn their constants into enumerations, which takes longer than everything else here.
    import _signal as signal
    import _socket as socket

SOCKET = "LOCALCLOUD_PLUGIN_SOCKET"
"""Environment variable with the path of the fork server's socket. Without it the plugin starts directly."""

_ENGINE_CHECK_INTERVAL = 1.0
"""Seconds between two checks that the engine still runs."""


def main(module: str, arguments: list[str]) -> None:
    """Let the fork server run ``module`` with this process's output, environment and folder."""
    engine = os.getppid()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        signal.signal(number, _end)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    outputs = b"".join(number.to_bytes(4, sys.byteorder) for number in (1, 2))
    try:
        connection.connect(os.environ[SOCKET])
        request = "\0".join([module, os.getcwd(), *arguments])  # noqa: PTH109 - pathlib takes longer to import
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, outputs)
        connection.sendmsg([os.fsencode(request)], [rights])
        connection.send(b"\0".join(name + b"=" + value for name, value in os.environb.items()))
        accepted = connection.recv(1)
    except OSError:
        accepted = b""
    if not accepted:
        os.execv(sys.executable, [sys.executable, "-uP", "-m", module, *arguments])  # noqa: S606
    passed_on: list[int] = []

    def pass_on(number: int, _frame: object) -> None:
        passed_on.append(number)
        try:
            connection.send(number.to_bytes(1, sys.byteorder))
        except OSError:
            _end()

    for number in signals:
        signal.signal(number, pass_on)
    connection.settimeout(_ENGINE_CHECK_INTERVAL)
    while os.getppid() == engine:
        try:
            connection.recv(1)
        except TimeoutError:
            continue
        # Without a signal, the plugin has ended unexpectedly.
        os._exit(0 if passed_on else 1)
    os._exit(0)


def _end(*_: object) -> None:
    """End the process on a signal, before there is a plugin."""
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
