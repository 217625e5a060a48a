"""The locks of a backend that is a folder: runs that go on, whether the program runs in them or not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from console.runs.history import COMMANDS

PROCESSES = Path("/proc")


@dataclass(frozen=True)
class Lock:
    """A run that holds the stack's lock."""

    began: float
    command: str
    """``up``, ``destroy`` and so on, as the process says; ``other`` if it does not."""


class _Content(BaseModel):
    """https://github.com/pulumi/pulumi/blob/master/pkg/backend/diy/lock.go."""

    pid: int


def read_locks(backend: Path, project: str, stack: str, *, processes: Path = PROCESSES) -> list[Lock]:
    """The locks of a stack in the folder of a ``file://`` backend. Those of processes that ended are left out."""
    folder = backend / ".pulumi" / "locks" / "organization" / project / stack
    locks = (_lock(path, processes) for path in sorted(folder.glob("*.json")))
    return [lock for lock in locks if lock is not None]


def _lock(path: Path, processes: Path) -> Lock | None:
    try:
        content = _Content.model_validate_json(path.read_bytes())
        words = (processes / str(content.pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
        began = path.stat().st_mtime
    except (OSError, ValidationError):
        return None
    if "pulumi" not in Path(words[0]).name:
        # The process that has the number now is another one.
        return None
    return Lock(began, next((COMMANDS[word] for word in words[1:] if word in COMMANDS), "other"))
