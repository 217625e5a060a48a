"""The process that serves the local cloud's APIs."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

import localcloud
from localcloud.machines.cgroups import Cgroup
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.files import changed_since, last_line, open_log, replace
from localcloud.machines.layout import Layout
from localcloud.machines.prerequisites import SYSTEM_PATH

READY_LIMIT = 60.0
"""Seconds within which the API must be ready. Before that it boots the machines that should run."""

_STOP_LIMIT = 10.0
_POLL = 0.05

REQUESTS_PER_MINUTE = "LOCALCLOUD_REQUESTS_PER_MINUTE"
"""Environment variable with another rate limit than DigitalOcean's: droplets are created here in seconds."""

SHUTDOWN_SECONDS = "LOCALCLOUD_SHUTDOWN_SECONDS"
"""Environment variable with the seconds for which a blocked shutdown keeps its droplet locked."""

_LIMITS = {REQUESTS_PER_MINUTE: "--requests-per-minute", SHUTDOWN_SECONDS: "--shutdown-seconds"}


class ApiProcess:
    """``python -m localcloud.api``, as a daemon inside the namespace."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._cgroup = Cgroup(layout.cgroup) / "api"
        self.log = layout.logs / "api.log"
        """The log file, which only root can read."""

    def client(self) -> httpx.Client:
        """Return a client of the control socket."""
        transport = httpx.HTTPTransport(uds=str(self._layout.control_socket))
        return httpx.Client(transport=transport, base_url="http://localcloud", timeout=10.0)

    def ensure(self, image: Path) -> None:
        """Start the process unless it runs with the current code, and wait until it is ready."""
        if self._cgroup.populated() and self._outdated():
            self.stop()
        if self._cgroup.populated():
            self._wait_ready()
            return
        limits = json.loads(self._limits.read_text()) if self._limits.exists() else _given_limits()
        self._start(image, limits)
        self._wait_ready()
        # Only now, since with an invalid limit the process ends.
        replace(self._limits, json.dumps(limits), mode=0o600)

    def ready(self) -> bool:
        """Return whether all services answer."""
        return self._cgroup.populated() and self._unready() is None

    def stop(self) -> None:
        """End the process. Machines keep running."""
        self._cgroup.signal(signal.SIGTERM)
        self._cgroup.wait_empty(_STOP_LIMIT)
        self._cgroup.remove()

    def _start(self, image: Path, limits: Sequence[str]) -> None:
        self._layout.control_socket.unlink(missing_ok=True)
        with open_log(self.log) as log:
            self._cgroup.spawn(
                [
                    *("ip", "netns", "exec", self._layout.namespace, sys.executable, "-m", "localcloud.api"),
                    *("--name", self._layout.name, "--state", self._layout.state, "--machines", "nspawn"),
                    *("--image", image, "--releases", self._layout.releases),
                    *limits,
                ],
                output=log,
                env={"PATH": SYSTEM_PATH, "HOME": "/root", "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"},
            )
        self._started.touch()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + READY_LIMIT
        while (problem := self._unready()) is not None:
            ended = not self._cgroup.populated()
            if ended or time.monotonic() > deadline:
                failure = "process ended" if ended else f"is not ready after {READY_LIMIT:.0f} s ({problem})"
                raise LocalCloudError(f"the API {failure}; last line of {self.log}: {last_line(self.log)}")
            time.sleep(_POLL)

    def _unready(self) -> str | None:
        try:
            with self.client() as client:
                answer = client.get("/ready")
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}"
        return None if answer.status_code == 200 else f"status {answer.status_code}"

    @property
    def _started(self) -> Path:
        return self._layout.run / "api.started"

    def _outdated(self) -> bool:
        return changed_since(self._started, Path(localcloud.__path__[0]))

    @property
    def _limits(self) -> Path:
        """The options with other limits. The process keeps them, also with newer code, until the local cloud stops."""
        return self._layout.run / "api.limits"


def _given_limits() -> list[str]:
    given = ((option, os.environ.get(variable)) for variable, option in _LIMITS.items())
    return [word for option, value in given if value for word in (option, value)]
