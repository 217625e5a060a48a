"""Reads what runs of one stack wrote, and says it as the page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from console.runs.history import Update
from console.runs.locks import Lock
from console.view.run import Run
from console.view.timeline import RunSpan


@dataclass(frozen=True)
class Runs:
    """All runs that are known."""

    last: Run | None
    """The run that goes on, or the last one; ``None`` if none was seen."""
    spans: list[RunSpan]
    """All of them, the oldest first."""


class RunReader:
    """The runs of one stack.

    ``folder`` is ``components.run_log.folder.run_folder(project, stack, environment)``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> None:
        """Make the folder, which only this user can read. From now on, runs write there."""
        raise NotImplementedError

    def read(self, history: Sequence[Update] = (), locks: Sequence[Lock] = ()) -> Runs:
        """The runs now. It costs little while no file has changed. ``history`` and ``locks`` are the newest known.

        Read the history again after a run has ended: it says how a run ended that did not say so itself.
        """
        raise NotImplementedError
