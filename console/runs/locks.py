"""The locks of a backend that is a folder: runs that go on or were killed, whether the program ran in them or not."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, PositiveInt, ValidationError

from console.runs.history import COMMANDS

PROCESSES = Path("/proc")


@dataclass(frozen=True)
class Lock:
    """The lock of a stack."""

    began: float
    command: str
    """``up``, ``destroy`` and so on, as the process says; ``other`` if it does not."""
    held: bool = True
    """Whether its process runs. A process that was killed leaves its lock."""


class _Content(BaseModel):
    """https://github.com/pulumi/pulumi/blob/master/pkg/backend/diy/lock.go."""

    pid: PositiveInt
    hostname: str


def read_locks(backend: Path, project: str, stack: str, *, processes: Path = PROCESSES) -> list[Lock]:
    """The locks of a stack in the folder of a ``file://`` backend, without those of other machines."""
    folder = backend / ".pulumi" / "locks" / "organization" / project / stack
    locks = (_lock(path, processes) for path in sorted(folder.glob("*.json")))
    return [lock for lock in locks if lock is not None]


def _lock(path: Path, processes: Path) -> Lock | None:
    try:
        content = _Content.model_validate_json(path.read_bytes())
        began = path.stat().st_mtime
    except (OSError, ValidationError):
        # It is being written, or deleted.
        return None
    if content.hostname != socket.gethostname():
        return None
    try:
        words = (processes / str(content.pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        # A system without this folder has the process all the same, and so has one that hides those of others.
        return Lock(began, "other", held=_runs(content.pid))
    if "pulumi" not in Path(words[0]).name:
        # The process that has the number now is another one.
        return Lock(began, "other", held=False)
    return Lock(began, next((COMMANDS[word] for word in words[1:] if word in COMMANDS), "other"))


def _runs(process: int) -> bool:
    """Whether there is a process with this number. It gets no signal."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        # It is another user's.
        return True
    return True
