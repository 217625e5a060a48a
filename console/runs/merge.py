"""Joins what runs said themselves with what the history and the locks of the stack say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from console.runs.history import COMMANDS, Update
from console.runs.locks import Lock
from console.runs.summary import FAILED, KILLED
from console.view.run import Outcome, Run

TOLERANCE = 2.0
"""Seconds by which times may differ. Pulumi records whole seconds."""

_Command = Literal["up", "destroy", "refresh", "preview", "import", "other"]


def merged(own: Sequence[Run], history: Sequence[Update], locks: Sequence[Lock]) -> list[Run]:
    """All runs, the oldest first.

    ``own`` are those that wrote a file. A run in which the program did not run, such as most destroys, is in the
    history or has a lock, and nothing is known of its steps.
    """
    runs: list[Run] = []
    unmatched = list(history)
    for run in own:
        updates = [one for one in unmatched if _is_of(one, run)]
        # Short runs follow each other within the tolerance.
        update = min(updates, key=lambda one: abs(one.began - run.began), default=None)
        if update is not None:
            unmatched.remove(update)
        lock = next((one for one in locks if _holds(one, run)), None)
        runs.append(_corrected(run, update, lock))
    runs += [_of_update(update) for update in unmatched]
    runs += [_of_lock(lock) for lock in locks if not any(_precedes(lock, run) for run in own)]
    return sorted(runs, key=lambda run: run.began)


def _is_of(update: Update, run: Run) -> bool:
    return run.command != "preview" and update.began - TOLERANCE <= run.began <= update.ended + TOLERANCE


def _holds(lock: Lock, run: Run) -> bool:
    return run.command != "preview" and run.outcome == "running" and _precedes(lock, run)


def _precedes(lock: Lock, run: Run) -> bool:
    """Whether a run, or the preview before it, began under this lock."""
    return run.began >= lock.began - TOLERANCE


def _corrected(run: Run, update: Update | None, lock: Lock | None) -> Run:
    if update is None:
        return run if lock is None else run.model_copy(update={"command": _command(lock.command)})
    outcome: Outcome = run.outcome
    reason = run.reason
    if update.succeeded:
        outcome, reason = "succeeded", ""
    elif outcome in {"succeeded", "running"} or (outcome == "interrupted" and reason == KILLED):
        outcome, reason = "failed", reason if reason != KILLED else FAILED
    return run.model_copy(
        update={
            "command": _command(update.kind),
            "outcome": outcome,
            "reason": reason or ("" if update.succeeded else FAILED),
            "ended": max(update.ended, run.ended or 0),
            "waiting_for": None,
            "waiting_since": None,
        }
    )


def _of_update(update: Update) -> Run:
    return Run(
        id=f"history-{update.began:.0f}",
        command=_command(update.kind),
        began=update.began,
        ended=update.ended,
        outcome="succeeded" if update.succeeded else "failed",
        reason="" if update.succeeded else FAILED,
        steps=[],
        waiting_for=None,
        waiting_since=None,
        lines=[],
    )


def _of_lock(lock: Lock) -> Run:
    return Run(
        id=f"lock-{lock.began:.0f}",
        command=_command(lock.command),
        began=lock.began,
        ended=None,
        outcome="running",
        reason="",
        steps=[],
        waiting_for=None,
        waiting_since=None,
        lines=[],
    )


def _command(kind: str) -> _Command:
    return cast("_Command", COMMANDS.get(kind, "other"))
