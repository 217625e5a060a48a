"""What a bootstrap promises: no second cluster, no lost write, and a cluster in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from campaign.models.bootstrap_model import (
    BLANK,
    DATA,
    EMPTY_BOOTSTRAP_LOG,
    OFF,
    RUNNING,
    SCRIPT,
    STRAY,
    Guards,
    State,
    healthy_cluster,
    is_lost,
    new_droplets,
    steps,
)
from campaign.models.members import NAMES_OF
from campaign.models.model import Failure, good_step

GOOD_STEPS = (
    " boots",
    " starts new",
    " rejoins",
    "a leader starts over",
    " writes to ",
    " hears of a decision",
    " sets its log aside",
    ": it has no data",
    ": it runs etcd, or is about to",
    "the deciding member decides",
    "the deciding member begins again",
)
"""Parts of the texts of what happens when no fault disturbs, in the order in which it happens here."""

LAST_COPY = ", the last one with the write"
"""Is added to the text of a loss: a bug that loses the write is found only before."""

ENOUGH_STEPS = 500
"""More steps than any undisturbed bootstrap takes."""


@dataclass(frozen=True)
class BootstrapModel:
    """Members that boot, decide, start, write and lose their disks."""

    rare: ClassVar[Sequence[str]] = (
        " loses power",
        " loses its disk",
        LAST_COPY,
        ": it does not answer",
        ": another cluster's member answers",
    )
    size: int
    guards: Guards

    def starts(self) -> Sequence[State]:
        """A cluster with a write, and the same after a disaster. Without later members also what comes before.

        That is new droplets, and a decision that may still arrive although the deciding member has booted again.
        """
        healthy = healthy_cluster(self.size)
        lost = self.guards.initial_members if self.has_later_members else self.size // 2 + 1
        disaster = healthy._replace(
            does=(OFF,) * self.size, disk=(BLANK,) * lost + (DATA,) * (self.size - lost)
        )
        if self.has_later_members:
            return [healthy, disaster]
        before = new_droplets(self.size)
        decided = before._replace(
            does=(SCRIPT,) * self.size,
            announced=(0,) + (1,) * (self.size - 1),
            decided=not self.guards.own_run,
        )
        return [healthy, disaster, before, decided]

    @property
    def has_later_members(self) -> bool:
        """Whether the cluster has grown since its bootstrap."""
        return self.guards.initial_members < self.size

    def options(self, state: State) -> Sequence[tuple[str, State]] | Failure:
        """What may happen next, or the promise that this state breaks."""
        if is_lost(state, self.guards):
            return Failure("no quorum runs without an acknowledged write", self.told(state), loses_write=True)
        following = list(steps(state, self.guards))
        if not state.acknowledged or DATA not in state.disk:
            return following
        safe = [(text, after) for text, after in following if DATA in after.disk or after.thrown_away]
        if self.has_later_members:
            # A cluster that starts over has not the members of one that has grown.
            return safe
        return [
            *safe,
            *(
                (text + LAST_COPY, after)
                for text, after in following
                if DATA not in after.disk and not after.thrown_away
            ),
        ]

    def failure_at_end(self, state: State) -> Failure | None:
        """Members that nothing disturbs form one cluster, unless most of their disks were lost."""
        if not self.can_recover(state):
            return None
        for _ in range(ENOUGH_STEPS):
            if all(does == RUNNING for does in state.does) and all(disk == DATA for disk in state.disk):
                return None
            options = self.options(state)
            if isinstance(options, Failure):
                return options
            following = good_step(options, GOOD_STEPS)
            if following is None:
                break
            state = following
        return Failure("undisturbed members form one cluster", self.told(state))

    def can_recover(self, state: State) -> bool:
        """Whether a quorum has its logs, or no log has a write. Otherwise an operator has to decide."""
        written = sum(disk >= STRAY for disk in state.disk)
        logs = written + state.disk.count(EMPTY_BOOTSTRAP_LOG)
        return written == 0 or 2 * logs > self.size

    def told(self, state: State) -> str:
        """The state in words, a part for each member, with semicolons between them."""
        members = zip(NAMES_OF[len(state.does)], state.does, state.disk, strict=True)
        return "; ".join(f"{name}: {_DOES[does]}, {_DISK[disk]}" for name, does, disk in members)


_DOES = ("is off", "asks", "is about to start", "runs etcd")
_DISK = ("no data", "a log without a write", "a write that was not acknowledged", "an acknowledged write")
