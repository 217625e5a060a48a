"""Builds the object store's program in the background, while the first cluster already runs."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from localcloud.machines.cgroups import Cgroup
from localcloud.machines.files import last_line, open_log
from localcloud.machines.layout import Layout


class ObjectStoreBuild:
    """``python -m localcloud.late_object_store``, outside the namespace, since the build downloads Go modules.

    It ends when the object store runs, when the build fails, or with the local cloud.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._cgroup = Cgroup(layout.cgroup) / "object-store-build"
        self.log = layout.logs / "object-store-build.log"
        """The log of the build."""

    def running(self) -> bool:
        """Return whether the build goes on."""
        return self._cgroup.populated()

    def ensure(self) -> None:
        """Begin the build unless it goes on."""
        if self.running():
            return
        with open_log(self.log) as log:
            self._cgroup.spawn(
                [sys.executable, "-uP", "-m", "localcloud.late_object_store", self._layout.name],
                output=log,
                # With the user's proxies, caches and module mirrors.
                env=dict(os.environ),
            )

    def hurry(self) -> None:
        """Give a build that goes on the usual priority: somebody waits for it."""
        # A process may start another one just before its own turn, so it ends with a look that finds none to raise.
        while any(_raised(process) for process in self._cgroup.processes()):
            pass

    def last_line(self) -> str:
        """Return the last line of the log."""
        return last_line(self.log)


def _raised(process: int) -> bool:
    """Give a process the usual priority. Returns whether it had a lower one."""
    raised = False
    # A process may end at any moment.
    with suppress(OSError):
        Path(f"/proc/{process}/autogroup").write_text("0")
    # Each thread has a priority of its own, and its children inherit that. Containers may refuse the change to root.
    with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            if os.getpriority(os.PRIO_PROCESS, int(thread.name)) > 0:
                os.setpriority(os.PRIO_PROCESS, int(thread.name), 0)
                raised = True
    return raised
