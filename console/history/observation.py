"""What a source sees at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from console.view.members import Member
from console.view.run import Run, Step
from console.view.timeline import RunSpan, Writer, Writes

CHANGING = {"shutting down", "deleting", "creating", "joining"}
"""The states of a droplet that a run is busy with."""
ANSWERING = {"leader", "follower", "learner"}
"""The roles of a member whose etcd answers."""


@dataclass(frozen=True)
class Observation:
    """The cluster and the runs at one moment. Unknown members are those that nobody could ask about."""

    time: float
    members: Sequence[Member] | None
    run: Run | None = None
    """The run that goes on, or the last one."""
    runs: Sequence[RunSpan] = ()
    """All known runs, the oldest first."""
    writer: Writer | None = None
    writes: Sequence[Writes] = field(default_factory=tuple)
    """The writes of the last seconds. Those that were told before are no harm."""
    disturbed: Mapping[str, float] = field(default_factory=dict[str, float])
    """When the page last did something to a member that takes it down."""
    since: Mapping[str, float] = field(default_factory=dict[str, float])
    """From when a member is as it is, where it was seen before ``time``: a silent one is noticed late."""

    def began(self, member: str) -> float:
        """When a change of a member that is seen now was true for the first time."""
        return min(self.since.get(member, self.time), self.time)

    @property
    def leader(self) -> str | None:
        """The member that leads."""
        return next((member.name for member in self.members or () if member.role == "leader"), None)

    @property
    def all_healthy(self) -> bool:
        """Whether there are members, and all of them are healthy."""
        return bool(self.members) and all(member.healthy for member in self.members or ())

    @property
    def destroying(self) -> bool:
        """Whether a run destroys the cluster."""
        return self.run is not None and self.run.outcome == "running" and self.run.command == "destroy"

    def changing(self, member: str) -> Step | None:
        """What the run that goes on does to a member's droplet; ``None`` if it leaves it alone."""
        if self.run is None or self.run.outcome != "running":
            return None
        of_member = (step for step in self.run.steps if step.member == member)
        return next((step for step in of_member if step.droplet in CHANGING), None)

    def asked_for(self, member: Member) -> bool:
        """Whether a run that goes on is why a member is not healthy, as far as this moment shows."""
        if self.destroying:
            return True
        step = self.changing(member.name)
        if step is None or member.power == "paused" or member.cut_off:
            # No run pauses a member or cuts it off.
            return False
        if step.droplet == "joining":
            return member.power not in {"off", "absent"}
        # A member that answers although it is not healthy is not shut down yet: it has lost the others.
        return step.droplet == "creating" or member.role not in ANSWERING
