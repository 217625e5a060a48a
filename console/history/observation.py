"""What a source sees at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from console.view.members import Member
from console.view.run import Run
from console.view.timeline import RunSpan, Writer, Writes

CHANGING = {"shutting down", "deleting", "creating", "joining"}
"""The states of a droplet that a run is busy with."""


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

    @property
    def leader(self) -> str | None:
        """The member that leads."""
        return next((member.name for member in self.members or () if member.role == "leader"), None)

    @property
    def all_healthy(self) -> bool:
        """Whether there are members, and all of them are healthy."""
        return bool(self.members) and all(member.healthy for member in self.members or ())

    def asked_by_run(self, member: str) -> bool:
        """Whether a run that goes on changes this member now. Of a run whose steps are unknown it may be any."""
        run = self.run
        if run is None or run.outcome != "running" or run.command not in {"up", "destroy", "other"}:
            return False
        return not run.steps or any(step.member == member and step.droplet in CHANGING for step in run.steps)
