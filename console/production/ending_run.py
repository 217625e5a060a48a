"""A run that did not say how it ends, from its end until the history of the stack says it."""

from __future__ import annotations

import time

from console.runs.reader import Runs, span_of
from console.view.run import Run

UNRECORDED = "The end of the run: the history of the stack, which says how it ended, is being read."
UNREADABLE = "It has ended. How is unknown, because the history of the stack cannot be read."


class EndingRun:
    """Keeps such a run on the page meanwhile: one that wrote nothing, or one that failed or was killed."""

    def __init__(self) -> None:
        self._last: Run | None = None
        """The last run as it was known at the last look."""
        self._run: Run | None = None
        self._asked: Run | None = None
        """The run whose end the reading that goes on can tell."""

    def look(self, runs: Runs) -> bool:
        """Whether a run has ended since the last look. ``runs`` are those that are known now."""
        before, self._last = self._last, runs.last
        if before is None or before.outcome != "running" or _goes_on(before, runs):
            return False
        self._run = before.model_copy(update={"waiting_for": UNRECORDED, "waiting_since": time.time()})
        return True

    def added_to(self, runs: Runs) -> Runs:
        """The known runs, and the one that ends unless it has told how, or a newer one is known."""
        run, last = self._run, runs.last
        if run is None or (last is not None and _is_newer(last, run) and not _is_open(run, last)):
            return runs
        return Runs(run, [*(one for one in runs.spans if one.id != run.id), span_of(run)])

    def reading_begins(self) -> None:
        """The history is read. Of a run that ends from now on, it may say nothing yet."""
        self._asked = self._run

    def history_is_read(self) -> None:
        """The history is known, and has the run if it is ever to have it."""
        if self._run is self._asked:
            self._run = None

    def history_is_unreadable(self) -> None:
        """Nobody says how the run ended."""
        if self._run is not None and self._run is self._asked and self._run.ended is None:
            update = {"outcome": "interrupted", "ended": time.time(), "reason": UNREADABLE}
            self._run = self._run.model_copy(update=update)


def _is_open(run: Run, last: Run) -> bool:
    """Whether all that is known of a run is that it does not go on."""
    return last.id == run.id and last.outcome == "interrupted" and run.ended is None


def _is_newer(last: Run, run: Run) -> bool:
    return last.began >= run.began or last.outcome == "running"


def _goes_on(run: Run, runs: Runs) -> bool:
    """Whether a run goes on. One of which only its lock was known may have begun to write itself."""
    if run.told:
        return any(span.id == run.id and span.outcome == "running" for span in runs.spans)
    return runs.last is not None and runs.last.began >= run.began and runs.last.outcome == "running"
