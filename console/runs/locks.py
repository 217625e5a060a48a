"""The locks of a backend that is a folder: runs that go on, whether the program runs in them or not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Lock:
    """A run that holds the stack's lock."""

    began: float
    command: str
    """``up``, ``destroy`` and so on, as the process says; ``other`` if it does not."""


def read_locks(backend: Path, project: str, stack: str) -> list[Lock]:
    """The locks of a stack in the folder of a ``file://`` backend. Those of processes that ended are left out."""
    raise NotImplementedError
