"""The run of Pulumi that goes on, or the last one."""

from __future__ import annotations

from typing import Literal

from console.view.document import Document

Outcome = Literal["running", "succeeded", "refused", "failed", "interrupted"]


class Line(Document):
    """Something that a run said."""

    time: float
    severity: Literal["info", "warning", "error"]
    text: str


class Step(Document):
    """What a run does to one member."""

    member: str
    gate: Literal["asked", "open", "refused", "none"]
    """``none``: this run does not ask it."""
    droplet: Literal["unchanged", "waiting", "shutting down", "deleting", "creating", "joining", "done"]


class Run(Document):
    """One run."""

    id: str
    command: Literal["up", "destroy", "refresh", "preview", "import", "other"]
    began: float
    ended: float | None
    outcome: Outcome
    """``refused``: a gate or a check refused the change, and its reason is in ``reason``."""
    reason: str
    steps: list[Step]
    """In the order of the members' numbers; empty if it is not known."""
    waiting_for: str | None
    """What it waits for now; empty if for nothing."""
    waiting_since: float | None
    lines: list[Line]
    """The last ones, at most 100."""
    told: bool = True
    """Whether the run itself says what it does. Otherwise its steps and lines are unknown."""
