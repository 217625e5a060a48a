"""The operator's runs of Pulumi during a schedule, which faults may end."""

from __future__ import annotations

import subprocess
import threading

from campaign.machines.event_log import EventLog
from campaign.machines.run_outcome import End, RunOutcome, outcome_of
from campaign.machines.stack import CampaignStack
from testbed.update import Update

LIMIT = 420.0
"""Seconds after which a run counts as one that never ends. It is much more than all time limits of the program."""


class Runs:
    """Starts runs, and knows the one at this moment."""

    def __init__(self, stack: CampaignStack, log: EventLog) -> None:
        self._stack = stack
        self._log = log
        self._lock = threading.Lock()
        self._current: Update | None = None
        self._disturbed: set[Update] = set()
        self._count = 0
        self.outcomes: list[RunOutcome] = []

    def begin(self, *arguments: str, operation: str = "up") -> Update:
        """Start a run. The next faults of runs are about it."""
        self._count += 1
        update = Update(self._stack, *arguments, operation=operation, name=f"run-{self._count}")
        self._log.note(f"run {self._count}: pulumi {' '.join([operation, *arguments])}")
        with self._lock:
            self._current = update
        return update

    def disturbing(self) -> Update | None:
        """The run at this moment, which a fault disturbs from now on; ``None`` if there is none."""
        with self._lock:
            if self._current is None or self._current.ended:
                return None
            self._disturbed.add(self._current)
            return self._current

    def end(self, update: Update) -> RunOutcome:
        """Wait for the end of a run, and judge it. The lock of a killed run is removed."""
        try:
            status = update.wait(LIMIT)
        except subprocess.TimeoutExpired:
            update.kill()
            status = None
        outcome = outcome_of(status, update.output(), disturbed=update in self._disturbed)
        self._log.note(f"the run ended: {outcome.end}{f': {outcome.why}' if outcome.why else ''}")
        self.outcomes.append(outcome)
        if outcome.end is not End.DONE and update in self._disturbed:
            self.unlock()
        return outcome

    def run(self, *arguments: str, operation: str = "up") -> RunOutcome:
        """Run Pulumi and return how that ended."""
        return self.end(self.begin(*arguments, operation=operation))

    def unlock(self) -> None:
        """Remove the lock of a killed run. A run that ended by itself has removed its own."""
        self._stack.run("pulumi", "cancel", "--yes")
