"""A command that runs in the background inside a local cloud."""

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
    """A process with a control group of its own, so that none of its children outlives it."""

    def __init__(
        self,
        group: Cgroup,
        argv: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        **options: Any,
    ) -> None:
        """Start the command; ``options`` are those of ``subprocess.Popen``."""
        group.create()
        self._group = group
        self.process: subprocess.Popen[Any] = subprocess.Popen(
            group.entering(argv), cwd=cwd, env=env, start_new_session=True, **options
        )

    def wait(self, timeout: float) -> int:
        """Wait for the command to end, and return its exit status.

        Raises ``subprocess.TimeoutExpired`` after ``timeout`` seconds; the command then keeps running.
        """
        status = self.process.wait(timeout)
        self._group.remove()
        return status

    def kill_matching(self, text: str) -> int:
        """Kill those of its processes whose command line contains ``text``, and return their number."""
        matching = [process for process in self._group.processes() if text in _command_line(process)]
        for process in matching:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        return len(matching)

    def kill(self) -> None:
        """Kill the command and all processes that it started."""
        self._group.remove()
        self.process.wait()


def _command_line(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""
