"""Reads what runs of one stack wrote, and says it as the page shows it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from components.run_log.events import EVENTS, Event
from components.run_log.folder import SUFFIX, is_private
from console.runs.history import Update
from console.runs.locks import Lock
from console.runs.merge import merged
from console.runs.summary import summarize
from console.view.run import Run
from console.view.timeline import RunSpan


@dataclass(frozen=True)
class Runs:
    """All runs that are known."""

    last: Run | None
    """The run that goes on, or the last one; ``None`` if none was seen. A preview beside a run is not it."""
    spans: list[RunSpan]
    """All of them, the oldest first."""


@dataclass(frozen=True)
class _Read:
    """A file as it was read last."""

    size: int
    locked: bool
    run: Run | None


class RunReader:
    """The runs of one stack.

    ``folder`` is ``components.run_log.folder.run_folder(project, stack, environment)``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.problem = ""
        """Why runs write nothing, and what to do; empty if they do."""
        self._files: dict[str, _Read] = {}

    def open(self) -> None:
        """Make the folder, which only this user can read. From now on, runs write there. Raises ``OSError``.

        ``read`` does so again where it has to.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder.chmod(0o700)

    def read(self, history: Sequence[Update] = (), locks: Sequence[Lock] | None = ()) -> Runs:
        """The runs now. It costs little while no file has changed. ``history`` and ``locks`` are the newest known.

        ``locks`` are ``None`` if nobody knows them.

        Read the history again after a run has ended: it says how a run ended that did not say so itself.
        """
        self._make_again()
        names = sorted(path.name for path in self._folder.glob(f"[0-9]*{SUFFIX}"))
        self._files = {name: read for name in names if (read := self._read(name)) is not None}
        own = [read.run for read in self._files.values() if read.run is not None]
        runs = merged(own, history, locks)
        return Runs(
            last=_shown(runs),
            spans=[span_of(run) for run in runs],
        )

    def _make_again(self) -> None:
        """Make the folder if it was deleted, or became readable for others: runs write nothing then."""
        reason = ""
        if not is_private(self._folder):
            try:
                self.open()
            except OSError as error:
                reason = error.strerror or str(error)
            else:
                reason = "" if is_private(self._folder) else "it is a link, or belongs to another user"
        self.problem = reason and (
            f"What runs do is not seen while they go on, because they cannot write to {self._folder}: {reason}. Make "
            "it a folder that only this user can read. The console looks again by itself."
        )

    def _read(self, name: str) -> _Read | None:
        known = self._files.get(name)
        if known is not None and not known.locked:
            return known
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            # A newer run has deleted it.
            return None
        with os.fdopen(descriptor, "rb") as file:
            # First the lock: what is written until it ends is read after that.
            locked = _is_locked(descriptor)
            size = os.fstat(descriptor).st_size
            if known is not None and known.size == size and known.locked == locked:
                return known
            events = parse_events(file.read())
        run = summarize(name.removesuffix(SUFFIX), events, locked=locked) if events else None
        return _Read(size, locked, run)


def _shown(runs: Sequence[Run]) -> Run | None:
    """The newest run that changes the cluster now, else the newest that goes on, else the last one."""
    going_on = [run for run in runs if run.outcome == "running"]
    changing = [run for run in going_on if run.command != "preview"]
    return next((some[-1] for some in (changing, going_on, runs) if some), None)


def span_of(run: Run) -> RunSpan:
    """The run as the time line has it."""
    return RunSpan(id=run.id, command=run.command, began=run.began, ended=run.ended, outcome=run.outcome)


def parse_events(content: bytes) -> list[Event]:
    """The events of a file. A last line that is not written to its end is left out, and so are unknown events."""
    found: list[Event] = []
    for line in content.splitlines():
        try:
            found.append(EVENTS.validate_json(line))
        except ValidationError:
            continue
    return found


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    # Closing the file ends this lock. Runs lock a file before it has its name, so none is kept from it.
    return False
