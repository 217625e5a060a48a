"""Debian's Prometheus inside a local cloud, reachable on the host's loopback."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Mapping

from localcloud.machines.cgroups import Cgroup
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.files import open_log, replace
from localcloud.machines.layout import Layout
from localcloud.machines.loopback import ENVIRONMENT, LoopbackDaemon, wait_ready
from localcloud.machines.prerequisites import SYSTEM_PATH

PORT = 9090
"""Prometheus's port inside, and the default port on the host's loopback."""


class Prometheus:
    """A Prometheus that is started on demand. It and its data are removed with the local cloud."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._cgroup = Cgroup(layout.cgroup) / "prometheus"
        self._folder = layout.run / "prometheus"
        self.log = layout.logs / "prometheus.log"
        self._forward = LoopbackDaemon(
            Cgroup(layout.cgroup) / "prometheus-forward",
            self._folder / "port",
            PORT,
            "make monitoring",
            self.log,
        )

    def ensure(self, files: Mapping[str, str], port: int | None) -> str:
        """Run Prometheus with these files, which include ``prometheus.yml``, and return its URL on the host.

        A running Prometheus reloads them. ``port`` is the port on the host's loopback; ``None`` keeps the current one.
        Raises ``LocalCloudError`` if the port is in use, or if Prometheus does not become ready.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in files.items():
            replace(self._folder / name, text, mode=0o600)
        if self._cgroup.populated():
            self._cgroup.signal(signal.SIGHUP)
        else:
            self._start()
        url = self._forward.ensure(
            port,
            lambda descriptor: [
                *("ip", "netns", "exec", self._layout.namespace),
                *(sys.executable, "-m", "localcloud.machines.forward"),
                *(str(descriptor), "127.0.0.1", str(PORT)),
            ],
        )
        wait_ready(f"{url}/-/ready", self._cgroup, "Prometheus", self.log)
        return url

    def stop(self) -> None:
        """End Prometheus and its port on the host."""
        self._cgroup.remove()
        self._forward.stop()

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
                env=ENVIRONMENT,
            )
