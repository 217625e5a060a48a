"""A daemon of a local cloud that a port of the host's loopback leads to."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from localcloud.machines.cgroups import Cgroup
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.files import last_line, open_log, replace
from localcloud.machines.prerequisites import SYSTEM_PATH

ENVIRONMENT = {"PATH": SYSTEM_PATH, "HOME": "/root", "LANG": "C.UTF-8"}
READY_LIMIT = 30.0
_POLL = 0.05


@dataclass(frozen=True)
class LoopbackDaemon:
    """A daemon that gets a listening socket. A socket stays in the network in which it was made: here the host's."""

    group: Cgroup
    """The control group of its processes."""
    port_file: Path
    """Where its port is kept."""
    default: int
    """The port, unless another one is requested."""
    command: str
    """The command of the user, whose ``ARGS`` may have an option ``--port``."""
    log: Path

    def ensure(self, requested: int | None, argv: Callable[[int], Sequence[str | Path]]) -> str:
        """Start it unless it runs with this port, and return its URL on the host.

        ``requested`` is the port on the host's loopback; ``None`` keeps the current one. ``argv`` is the command, given
        the descriptor of the socket. Raises ``LocalCloudError`` if the port is in use.
        """
        known = int(self.port_file.read_text()) if self.port_file.exists() else self.default
        wanted = known if requested is None else requested
        if not self.group.populated() or wanted != known:
            known = self._start(wanted, argv)
        return f"http://127.0.0.1:{known}"

    def stop(self) -> None:
        """End it."""
        self.group.remove()

    def _start(self, port: int, argv: Callable[[int], Sequence[str | Path]]) -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listening.bind(("127.0.0.1", port))
            except OSError as error:
                raise LocalCloudError(
                    f"cannot listen on 127.0.0.1:{port} ({error.strerror}): "
                    f'choose another port with {self.command} ARGS="--port N"'
                ) from error
            listening.listen()
            # Only now, so that the one that runs goes on if the other port is in use.
            self.group.remove()
            descriptor = listening.fileno()
            with open_log(self.log) as log:
                self.group.spawn(argv(descriptor), output=log, env=ENVIRONMENT, descriptors=[descriptor])
            bound: int = listening.getsockname()[1]
        self.port_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(self.port_file, str(bound), mode=0o600)
        return bound


def wait_ready(url: str, group: Cgroup, what: str, log: Path) -> None:
    """Wait until a daemon answers at a URL. Raises ``LocalCloudError`` with the last line of its log if it does not."""
    deadline = time.monotonic() + READY_LIMIT
    with httpx.Client(timeout=5.0, trust_env=False) as client:
        while True:
            try:
                if client.get(url).is_success:
                    return
                problem = "not ready"
            except httpx.HTTPError as error:
                problem = str(error) or type(error).__name__
            if time.monotonic() > deadline or not group.populated():
                raise LocalCloudError(
                    f"{what} does not start ({problem}); last line of {log}: {last_line(log)}"
                )
            time.sleep(_POLL)
