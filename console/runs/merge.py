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

UNLOCKED = "Run pulumi up: it goes on where this run ended."
LOCKED = "It left the stack locked. Run pulumi cancel, then pulumi up: it goes on where this run ended."
UNKNOWN = "Run pulumi up. If it says that the stack is locked, run pulumi cancel first."
KILLED_EARLY = (
    "The run was killed before it changed anything of the cluster, or the program did not run in it."
)

_Command = Literal["up", "destroy", "refresh", "preview", "import", "other"]


def merged(own: Sequence[Run], history: Sequence[Update], locks: Sequence[Lock] | None) -> list[Run]:
    """All runs, the oldest first.

    ``own`` are those that wrote a file. A run in which the program did not run, such as most destroys, is in the
    history or has a lock, and nothing is known of its steps. ``locks`` are ``None`` if nobody knows them.
    """
    runs: list[Run] = []
    unmatched = list(history)
    held = [lock for lock in locks or () if lock.held]
    for run in own:
        updates = [one for one in unmatched if _is_of(one, run)]
        # Short runs follow each other within the tolerance.
        update = min(updates, key=lambda one: abs(one.began - run.began), default=None)
        if update is not None:
            unmatched.remove(update)
        lock = next((one for one in held if _holds(one, run)), None)
        previewed = lock is not None and any(_precedes(lock, one) and one is not run for one in own)
        runs.append(_corrected(run, update, lock, previewed=previewed))
    of_locks: list[Run] = []
    for lock in locks or ():
        under = sorted((run for run in runs if _precedes(lock, run)), key=lambda run: run.began)
        if lock.held:
            of_locks += [] if _tells(under, lock) else [_of_lock(lock)]
        elif any(run.outcome == "running" for run in under):
            # The program notices soon that its engine is gone.
            continue
        elif (killed := _left_locked(under)) is not None:
            runs[runs.index(killed)] = killed.model_copy(update={"reason": f"{killed.reason} {LOCKED}"})
        else:
            of_locks.append(_killed_early(lock, next(iter(under), None)))
    advice = UNKNOWN if locks is None else UNLOCKED
    runs = [
        run.model_copy(update={"reason": f"{KILLED} {advice}"}) if _is_killed(run) else run for run in runs
    ]
    runs += [_of_update(update) for update in unmatched]
    return sorted([*runs, *of_locks], key=lambda run: run.began)


def _is_of(update: Update, run: Run) -> bool:
    return run.command != "preview" and update.began - TOLERANCE <= run.began <= update.ended + TOLERANCE


def _holds(lock: Lock, run: Run) -> bool:
    return run.command != "preview" and run.outcome == "running" and _precedes(lock, run)


def _tells(under: Sequence[Run], lock: Lock) -> bool:
    """Whether the run of a lock says itself what it does. A preview may be that of another command."""
    with_preview = lock.command in {"up", "other"}
    return any(run.command != "preview" or with_preview for run in under)


def _precedes(lock: Lock, run: Run) -> bool:
    """Whether a run, or the preview before it, began under this lock."""
    return run.began >= lock.began - TOLERANCE


def _corrected(run: Run, update: Update | None, lock: Lock | None, *, previewed: bool) -> Run:
    """The run with what history and lock know. The engine begins some seconds before the program."""
    if update is None and lock is not None:
        began = run.began if previewed else min(run.began, lock.began)
        return run.model_copy(update={"command": _command(lock.command), "began": began})
    if update is None:
        return run
    outcome: Outcome = run.outcome
    reason = run.reason
    if update.succeeded:
        outcome, reason = "succeeded", ""
    elif outcome in {"succeeded", "running"} or (outcome == "interrupted" and reason == KILLED):
        outcome, reason = "failed", reason if reason != KILLED else FAILED
    return run.model_copy(
        update={
            "command": _command(update.kind),
            "began": min(run.began, update.began),
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
        told=False,
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
        told=False,
    )


def _is_killed(run: Run) -> bool:
    return run.outcome == "interrupted" and run.reason == KILLED


def _left_locked(under: Sequence[Run]) -> Run | None:
    """The run that was killed and left a lock, of all that began under it. Its preview may be all there is."""
    first = next((run for run in under if run.command != "preview"), None)
    first = first or next((run for run in under if _is_killed(run)), None)
    return first if first is not None and first.outcome != "succeeded" else None


def _killed_early(lock: Lock, preview: Run | None) -> Run:
    """The run of a lock that a killed process left. ``preview`` is what it did before, if anything."""
    ended = lock.began if preview is None else max(lock.began, preview.ended or preview.began)
    update = {"began": ended, "ended": ended, "outcome": "interrupted", "reason": f"{KILLED_EARLY} {LOCKED}"}
    return _of_lock(lock).model_copy(update=update)


def _command(kind: str) -> _Command:
    return cast("_Command", COMMANDS.get(kind, "other"))
