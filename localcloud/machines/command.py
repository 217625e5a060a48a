"""A command that runs inside a local cloud until it ends, or until somebody ends it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from localcloud.machines.cgroups import Cgroup


class Command:
    """A process with a control group of its own, so that nothing that it started outlives it."""

    def __init__(
        self,
        group: Cgroup,
        argv: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        **options: Any,
    ) -> None:
        """Start it; ``options`` are those of ``subprocess.Popen``."""
        group.create()
        self._group = group
        self.process: subprocess.Popen[Any] = subprocess.Popen(
            group.entering(argv), cwd=cwd, env=env, start_new_session=True, **options
        )

    def wait(self, timeout: float) -> int:
        """Its exit status. Raises ``subprocess.TimeoutExpired`` after ``timeout`` seconds, and leaves it running."""
        status = self.process.wait(timeout)
        self._group.remove()
        return status

    def kill_part(self, name: str) -> int:
        """Kill those of its processes whose command line has ``name`` in it; how many there were."""
        doomed = [process for process in self._group.processes() if name in _command_line(process)]
        for process in doomed:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        return len(doomed)

    def kill(self) -> None:
        """End it and all that it started, at once and without a word."""
        self._group.remove()
        self.process.wait()


def _command_line(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""
