"""Control groups: they list the processes of a local cloud and end all of them at once.

A process cannot leave its group, and the group's name contains the local cloud's name. A process id in a file can be
reused by a foreign process; a group cannot.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from localcloud.machines.commands import run
from localcloud.machines.errors import LocalCloudError

_POLL = 0.02
_ENTRY_POLL = 0.002


def mount(point: Path) -> None:
    """Mount the unified control group hierarchy at ``point`` unless it is mounted there."""
    if not os.path.ismount(point):
        point.mkdir(parents=True, exist_ok=True)
        run(["mount", "-t", "cgroup2", "cgroup2", point])


def unmount(point: Path) -> None:
    """Unmount the hierarchy at ``point``."""
    while os.path.ismount(point):
        run(["umount", "--lazy", point])


@dataclass(frozen=True)
class Cgroup:
    """One control group and its descendants."""

    path: Path

    def __truediv__(self, name: str) -> Cgroup:
        return Cgroup(self.path / name)

    def create(self) -> None:
        """Create the group and its missing parents."""
        self.path.mkdir(parents=True, exist_ok=True)

    def children(self) -> list[Cgroup]:
        """Return the groups directly below."""
        if not self.path.is_dir():
            return []
        return sorted((Cgroup(path) for path in self.path.iterdir() if path.is_dir()), key=lambda c: c.path)

    def populated(self) -> bool:
        """Return whether the group or a descendant has a process."""
        with suppress(OSError):
            return "populated 1" in (self.path / "cgroup.events").read_text()
        return False

    def processes(self) -> list[int]:
        """Return the ids of all processes in the group and its descendants."""
        found: list[int] = []
        for directory, _, _ in os.walk(self.path):
            # A group may be removed during the walk: then it has no processes.
            with suppress(OSError):
                found += [int(line) for line in (Path(directory) / "cgroup.procs").read_text().split()]
        return found

    def spawn(
        self,
        argv: Sequence[str | Path],
        *,
        output: IO[bytes],
        env: dict[str, str],
        descriptors: Sequence[int] = (),
    ) -> None:
        """Start a daemon, and return once it is in this group or has ended.

        ``output`` is its standard output and error. It inherits the file ``descriptors`` under the same numbers.
        """
        self.create()
        process = subprocess.Popen(
            self.entering(argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
            env=env,
            pass_fds=descriptors,
        )
        # Others take an empty group for an ended daemon.
        while process.poll() is None and process.pid not in self.processes():
            time.sleep(_ENTRY_POLL)

    def entering(self, argv: Sequence[str | Path]) -> list[str | Path]:
        """Return a command that enters this group and then executes ``argv``."""
        return ["sh", "-c", 'echo $$ >"$0" && exec "$@"', self.path / "cgroup.procs", *argv]

    def signal(self, number: int) -> None:
        """Send a signal to every process in the group and its descendants."""
        for process in self.processes():
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def freeze(self) -> None:
        """Stop every process in the group and its descendants where it is."""
        (self.path / "cgroup.freeze").write_text("1")

    def thaw(self) -> None:
        """Let the processes go on. A group that was removed has none."""
        with suppress(OSError):
            (self.path / "cgroup.freeze").write_text("0")

    def frozen(self) -> bool:
        """Return whether the processes are stopped by ``freeze``."""
        with suppress(OSError):
            return (self.path / "cgroup.freeze").read_text().strip() == "1"
        return False

    def kill(self) -> None:
        """Kill every process in the group and its descendants."""
        with suppress(FileNotFoundError):
            (self.path / "cgroup.kill").write_text("1")

    def wait_empty(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for the last process to end, and return whether it ended."""
        deadline = time.monotonic() + timeout
        while self.populated():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL)
        return True

    def remove(self, timeout: float = 10.0) -> None:
        """Kill all processes of the group, and remove it with its descendants.

        Raises ``LocalCloudError`` with the ids of processes that do not end within ``timeout`` seconds.
        """
        self.kill()
        if not self.wait_empty(timeout):
            raise LocalCloudError(
                f"processes {self.processes()} of {self.path} have not ended {timeout:g} s after SIGKILL"
            )
        for directory, _, _ in os.walk(self.path, topdown=False):
            with suppress(FileNotFoundError):
                Path(directory).rmdir()
