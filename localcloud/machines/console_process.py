"""The console of a local cloud: a page that shows its cluster live, on the host's loopback."""

from __future__ import annotations

import sys
from pathlib import Path

from localcloud.machines.cgroups import Cgroup
from localcloud.machines.files import changed_since
from localcloud.machines.layout import Layout
from localcloud.machines.loopback import LoopbackDaemon, wait_ready

PORT = 9070
"""The default port on the host's loopback."""
MODULE = "console.local"


class ConsoleProcess:
    """``python -m console.local``, as a daemon inside the namespace. It ends with the local cloud.

    Its project and port are kept with the local cloud's state, so that the next start can begin it again.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._cgroup = Cgroup(layout.cgroup) / "console"
        self._folder = layout.state / "console"
        self.log = layout.logs / "console.log"
        self._daemon = LoopbackDaemon(self._cgroup, self._folder / "port", PORT, "make console", self.log)

    def resume(self, code: Path) -> str:
        """Start the console that the local cloud had when it was stopped, on the same port, and return its URL.

        Empty if there was none, or if its project is gone. Raises like ``ensure``.
        """
        shown = self._folder / "project"
        project = Path(shown.read_text(encoding="utf-8")) if shown.exists() else None
        return "" if project is None or not project.is_dir() else self.ensure(project, code, None)

    def ensure(self, project: Path, code: Path, port: int | None) -> str:
        """Run the console for the stack of a project, and return its URL on the host.

        A console that runs goes on, unless it shows another project, or is older than the code in the folder ``code``.
        ``port`` is the port on the host's loopback; ``None`` keeps the current one. Raises ``LocalCloudError`` if the
        port is in use, or if the console does not answer.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shown = self._folder / "project"
        if changed_since(shown, code) or shown.read_text(encoding="utf-8") != str(project):
            self._daemon.stop()
        shown.write_text(str(project), encoding="utf-8")
        url = self._daemon.ensure(
            port,
            lambda descriptor: [
                *("ip", "netns", "exec", self._layout.namespace, sys.executable, "-m", MODULE),
                *("--name", self._layout.name, "--project", project, "--socket", str(descriptor)),
            ],
        )
        wait_ready(url, self._cgroup, "the console", self.log)
        return url

    def stop(self) -> None:
        """End it. The next start of the local cloud begins it again."""
        self._daemon.stop()
