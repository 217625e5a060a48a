"""What a bootstrap from a backup promises: all members start with one snapshot, and all of them start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from campaign.models.members import NAMES_OF
from campaign.models.model import Failure, good_step
from campaign.models.restore_model import (
    BACKUPS,
    Guards,
    Limits,
    State,
    is_forbidden,
    new_droplets,
    steps,
)

ALL_GUARDS = Guards()

LIMITS = Limits(runs=60, backups=len(BACKUPS))

GOOD_STEPS = (
    " fetches ",
    "the deciding member asks",
    "the deciding member decides",
    " hears of the decision",
    "the deciding member begins again",
)
"""Parts of the texts of what happens when no fault disturbs, in the order in which it happens here."""


@dataclass(frozen=True)
class RestoreModel:
    """Members that choose, fetch and restore a snapshot."""

    rare: ClassVar[Sequence[str]] = ()
    size: int
    guards: Guards = ALL_GUARDS

    def starts(self) -> Sequence[State]:
        """New droplets."""
        return [new_droplets(self.size)]

    def options(self, state: State) -> Sequence[tuple[str, State]] | Failure:
        """What may happen next, or the promise that this state breaks."""
        if is_forbidden(state):
            return Failure("all members start with the snapshot of the decision", self.told(state))
        return list(steps(state, self.guards, LIMITS))

    def failure_at_end(self, state: State) -> Failure | None:
        """Undisturbed, all members start that have not booted again since the decision."""
        # Each member fetches and is asked at most twice before all have started.
        for _ in range(10 * self.size):
            options = self.options(state)
            if isinstance(options, Failure):
                return options
            if (following := good_step(options, GOOD_STEPS)) is None:
                break
            state = following
        if state.decision is None:
            return Failure("undisturbed members come to a decision", self.told(state))
        runs, _ = state.decision
        members = zip(runs, state.run, state.restored, strict=True)
        if any(named == run and restored is None for named, run, restored in members):
            return Failure("undisturbed members start with the snapshot of the decision", self.told(state))
        return None

    def told(self, state: State) -> str:
        """The state in words, a part for each member, with semicolons between them."""
        members = zip(NAMES_OF[len(state.run)], state.has, state.restored, strict=True)
        return "; ".join(
            f"{name}: has fetched {has or 'nothing'}, has started with {restored or 'nothing'}"
            for name, has, restored in members
        )
