"""What rolling changes promise: no member is shut down while another is unhealthy, and each change is finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from campaign.models.model import Failure
from campaign.models.rollout_model import (
    EndlessRunError,
    happenings,
    requested_in_the_control_panel,
    undisturbed,
)
from campaign.models.rollout_run import Guards, UnsafeError, run_steps
from campaign.models.rollout_state import Left, Limits, Machine, Member, State

ALL_GUARDS = Guards()

SAFE_RUNS = "a run shuts a member down only while all others are healthy"


@dataclass(frozen=True)
class RolloutModel:
    """Runs that change the members of one cluster, and everything beside them."""

    rare: ClassVar[Sequence[str]] = ()
    size: int
    guards: Guards = ALL_GUARDS

    @property
    def limits(self) -> Limits:
        """So wide that a walk is hardly ever stopped by them."""
        return Limits(changes=50, outside=100, replaceable=tuple(range(self.size)), quorum_stays=True)

    def starts(self) -> Sequence[State]:
        """A healthy cluster, with all that earlier runs may have left."""
        return [State((Member(),) * self.size, left=left) for left in Left]

    def options(self, state: State) -> Sequence[tuple[str, State]] | Failure:
        """What may happen next, or the promise that this state breaks."""
        if self.guards.shutdown_block:
            try:
                requested_in_the_control_panel(state)
            except UnsafeError:
                return Failure(
                    "a member allows its shutdown only while all others are healthy", self.told(state)
                )
        try:
            steps = [*happenings(state, self.guards, self.limits), *run_steps(state, self.guards)]
        except UnsafeError:
            return Failure(SAFE_RUNS, self.told(state))
        return [(step.text, step.state) for step in steps]

    def failure_at_end(self, state: State) -> Failure | None:
        """Runs that nothing disturbs finish every change.

        One run is enough when no member blocks its shutdown. A member that passes its gate may block it while another
        one boots, which this run may have powered on. The run may fail before that boot ends.
        """
        run = undisturbed(self.guards)
        calm = _recovered(state.ended(), Machine.UNHEALTHY)
        booted = _recovered(calm, Machine.STARTING, Machine.OFF)
        unblocked = booted if any(map(_passes_gate, calm.members)) else calm
        try:
            if not _finished(after := run(run(calm))):
                return Failure("two undisturbed runs finish every change", self.told(after))
            if not _finished(after := run(unblocked)):
                return Failure(
                    "one undisturbed run finishes every change when no member blocks its shutdown",
                    self.told(after),
                )
        except EndlessRunError:
            return Failure("an undisturbed run ends", self.told(calm))
        except UnsafeError:
            return Failure(SAFE_RUNS, self.told(calm))
        return None

    def told(self, state: State) -> str:
        """The state in words, a part for each member, with semicolons between them."""
        members = [_told(name, member) for name, member in zip(state.names, state.members, strict=True)]
        return "; ".join([*members, f"tags: {state.left}"])


def _recovered(state: State, *machines: Machine) -> State:
    for index, member in enumerate(state.members):
        if member.machine in machines:
            state = state.with_member(index, machine=Machine.HEALTHY)
    return state


def _passes_gate(member: Member) -> bool:
    """Whether the engine replaces the droplet without calling the gate's hook: it drifted, or a run was killed."""
    return member.exists and member.known and member.outdated and member.recorded


def _finished(state: State) -> bool:
    return all(member.healthy and member.known and not member.outdated for member in state.members)


def _told(name: str, member: Member) -> str:
    outdated = ", and it is outdated" if member.outdated else ""
    unknown = "" if member.known else ", and no run has recorded it"
    return f"{name}: {member.machine}{outdated}{unknown}"
