"""What a bootstrap promises: no second cluster, no lost write, and a cluster in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from campaign.models.bootstrap_model import (
    BLANK,
    DATA,
    EMPTY_BOOTSTRAP_LOG,
    OFF,
    RUNNING,
    STRAY,
    Guards,
    State,
    healthy_cluster,
    is_lost,
    new_droplets,
    steps,
)
from campaign.models.members import NAMES_OF
from campaign.models.model import Failure

GOOD_STEPS = (
    " boots",
    " starts new",
    " rejoins",
    " writes to ",
    " hears of a decision",
    " sets its log aside",
    ": it has no data",
    ": it runs etcd, or is about to",
    "the deciding member decides",
    "the deciding member begins again",
)
"""Parts of the texts of what happens when no fault disturbs, in the order in which it happens here."""

ENOUGH_STEPS = 500
"""More steps than any undisturbed bootstrap takes."""


@dataclass(frozen=True)
class BootstrapModel:
    """Members that boot, decide, start, write and lose their disks."""

    size: int
    guards: Guards

    def starts(self) -> Sequence[State]:
        """A cluster with a write, with all disks or after a disaster; or new droplets, if none joined later."""
        healthy = healthy_cluster(self.size)
        lost = self.guards.initial_members if self.has_later_members else self.size // 2 + 1
        disaster = healthy._replace(
            does=(OFF,) * self.size, disk=(BLANK,) * lost + (DATA,) * (self.size - lost)
        )
        return [healthy, disaster] if self.has_later_members else [healthy, disaster, new_droplets(self.size)]

    @property
    def has_later_members(self) -> bool:
        """Whether the cluster has grown since its bootstrap."""
        return self.guards.initial_members < self.size

    def options(self, state: State) -> Sequence[tuple[str, State]] | Failure:
        """What may happen next, or the promise that this state breaks."""
        if is_lost(state, self.guards):
            return Failure("no quorum runs without an acknowledged write", self.told(state), loses_write=True)
        following = steps(state, self.guards)
        if not state.acknowledged:
            return list(following)
        # The last copy of a write stays. Without it, there is nothing left that a bug could lose.
        return [(text, after) for text, after in following if DATA in after.disk or after.thrown_away]

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
            following = _next(options)
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


def _next(options: Sequence[tuple[str, State]]) -> State | None:
    for part in GOOD_STEPS:
        for text, state in options:
            if part in text:
                return state
    return None


_DOES = ("is off", "asks", "is about to start", "runs etcd")
_DISK = ("no data", "a log without a write", "a write that was not acknowledged", "an acknowledged write")
