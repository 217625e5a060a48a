"""The runs of a stack in a local cloud."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from components.run_log.folder import run_folder
from console.runs.history import Update
from console.runs.locks import read_locks
from console.runs.reader import RunReader, Runs
from localcloud.machines.operator import operator_environment
from localcloud.machines.stack import Stack

KEPT = 20
"""The number of runs of the history that are read."""


class StackRuns:
    """Reads the runs of one stack: from what they write, from locks, and from the backend's own history.

    ``pulumi stack history`` would tell the same, and take a second of a processor each time.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.folder = run_folder(stack.project, stack.name, operator_environment(stack.layout))
        self._reader = RunReader(self.folder)
        self._history: dict[Path, Update | None] = {}

    def open(self) -> None:
        """Let runs write from now on. Raises ``OSError``."""
        self._reader.open()

    @property
    def problem(self) -> str:
        """Why runs write nothing, and what to do; empty if they do."""
        return self._reader.problem

    def read(self) -> Runs:
        """The runs now."""
        backend, project, name = self._stack.layout.pulumi_backend, self._stack.project, self._stack.name
        return self._reader.read(self._updates(), read_locks(backend, project, name))

    def _updates(self) -> list[Update]:
        stack = self._stack
        folder = stack.layout.pulumi_backend / ".pulumi" / "history" / stack.project / stack.name
        # Their names end with the time of 19 digits.
        files = sorted(folder.glob("*.history.json"))[-KEPT:]
        self._history = {file: self._history.get(file) or _update(file) for file in files}
        return [update for update in reversed(self._history.values()) if update is not None]


def _update(file: Path) -> Update | None:
    """The run of a file in the format of https://github.com/pulumi/pulumi/blob/master/pkg/backend/updates.go."""
    try:
        values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return Update(
            values["kind"],
            float(values["startTime"]),
            float(values["endTime"]),
            values["result"] == "succeeded",
        )
    except (OSError, ValueError, KeyError, TypeError):
        # It is being written.
        return None
