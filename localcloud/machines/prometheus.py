"""Debian's Prometheus inside a local cloud, reachable on the host's loopback."""

from __future__ import annotations

import shutil
import signal
import socket
import sys
import time
from collections.abc import Mapping

import httpx

from localcloud.machines.cgroups import Cgroup
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.files import last_line, open_log, replace
from localcloud.machines.layout import Layout
from localcloud.machines.prerequisites import SYSTEM_PATH

PORT = 9090
"""Prometheus's port inside, and the default port on the host's loopback."""

_READY_LIMIT = 30.0
_POLL = 0.05
_ENVIRONMENT = {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8"}


class Prometheus:
    """A Prometheus that is started on demand. It and its data are removed with the local cloud."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._cgroup = Cgroup(layout.cgroup) / "prometheus"
        self._forward = Cgroup(layout.cgroup) / "prometheus-forward"
        self._folder = layout.run / "prometheus"
        self._port = self._folder / "port"
        self.log = layout.logs / "prometheus.log"

    def ensure(self, files: Mapping[str, str], port: int | None) -> str:
        """Run Prometheus with these files, which include ``prometheus.yml``, and return its URL on the host.

        A running Prometheus reloads them. ``port`` is the port on the host's loopback; ``None`` keeps the current one.
        Raises ``LocalCloudError`` if the port is in use, or if Prometheus does not become ready.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in files.items():
            replace(self._folder / name, text, mode=0o600)
        with httpx.Client(timeout=5.0, trust_env=False) as client:
            if self._cgroup.populated():
                self._cgroup.signal(signal.SIGHUP)
            else:
                self._start()
            url = f"http://127.0.0.1:{self._listen(port)}"
            self._wait_ready(client, url)
        return url

    def stop(self) -> None:
        """End Prometheus and its port on the host."""
        self._cgroup.remove()
        self._forward.remove()

    def _start(self) -> None:
        if shutil.which("prometheus", path=SYSTEM_PATH) is None:
            raise LocalCloudError("Prometheus is not installed: run make monitoring, which installs it first")
        with open_log(self.log) as log:
            self._cgroup.spawn(
                [
                    *("ip", "netns", "exec", self._layout.namespace, "prometheus"),
                    f"--config.file={self._folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self._folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{PORT}",
                ],
                output=log,
                env=_ENVIRONMENT,
            )

    def _listen(self, requested: int | None) -> int:
        current = int(self._port.read_text()) if self._forward.populated() and self._port.exists() else None
        if current is not None and requested in {None, current}:
            return current
        self._forward.remove()
        wanted = PORT if requested is None else requested
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with listening:
            try:
                listening.bind(("127.0.0.1", wanted))
            except OSError as error:
                raise LocalCloudError(
                    f"cannot listen on 127.0.0.1:{wanted} ({error.strerror}): "
                    "choose another port with localcloud monitoring --port N"
                ) from error
            listening.listen()
            with open_log(self.log) as log:
                self._forward.spawn(
                    [
                        *("ip", "netns", "exec", self._layout.namespace),
                        *(sys.executable, "-m", "localcloud.machines.forward"),
                        *(str(listening.fileno()), "127.0.0.1", str(PORT)),
                    ],
                    output=log,
                    env=_ENVIRONMENT,
                    descriptors=[listening.fileno()],
                )
            port: int = listening.getsockname()[1]
        replace(self._port, str(port), mode=0o600)
        return port

    def _wait_ready(self, client: httpx.Client, url: str) -> None:
        deadline = time.monotonic() + _READY_LIMIT
        while True:
            try:
                if client.get(f"{url}/-/ready").is_success:
                    return
                problem = "not ready"
            except httpx.HTTPError as error:
                problem = str(error) or type(error).__name__
            if time.monotonic() > deadline or not self._cgroup.populated():
                raise LocalCloudError(
                    f"Prometheus does not start ({problem}); last line of {self.log}: {last_line(self.log)}"
                )
            time.sleep(_POLL)
