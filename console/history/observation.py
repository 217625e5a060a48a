"""What a source sees at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from console.view.members import Member
from console.view.run import Run
from console.view.timeline import RunSpan, Writer, Writes

CHANGING = {"shutting down", "deleting", "creating", "joining"}
"""The states of a droplet that a run is busy with."""
TAKING = {"up", "destroy", "other"}
"""The commands that take members down."""

Cause = Literal["run", "outside"]
"""Why a member is down, as in ``Span``."""


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

    def cause(self, member: str, since: float) -> Cause | None:
        """Whether a run that goes on is why a member is down since then; ``None`` if that is not known.

        It is not while the steps of the run are unknown, or before the run has come to the member or after.
        """
        run = self.run
        if run is None or run.outcome != "running" or run.command not in TAKING or run.began > since:
            return "outside"
        droplet = next((step.droplet for step in run.steps if step.member == member), None)
        if droplet in CHANGING:
            return "run"
        return None if droplet in {None, "done"} else "outside"
