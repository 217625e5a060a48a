"""What a run writes: one event a line, as JSON. A console reads the same documents."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

GateState = Literal["asked", "open", "refused"]
Outcome = Literal["succeeded", "refused", "failed", "interrupted"]
"""``refused``: a check refused the change, or members were not healthy in time."""
DropletState = Literal["unchanged", "waiting", "shutting down", "creating", "joining", "done"]


class _Event(BaseModel):
    # A console may be older than the program that writes.
    model_config = ConfigDict(extra="ignore", frozen=True)

    time: float = 0.0
    """Seconds of Unix time. The writer sets it."""


class Began(_Event):
    """The program began."""

    event: Literal["began"] = "began"
    preview: bool
    """Whether it is a preview, which also comes before most runs."""


class Members(_Event):
    """A cluster has these members."""

    event: Literal["members"] = "members"
    cluster: str
    members: list[str]
    """The configured ones, in the order of their numbers."""


class Said(_Event):
    """A line that the engine displays as well."""

    event: Literal["said"] = "said"
    severity: Literal["info", "warning", "error"]
    text: str


class Gate(_Event):
    """A member's gate."""

    event: Literal["gate"] = "gate"
    member: str
    state: GateState


class DropletStep(_Event):
    """What happens to a member's droplet now."""

    event: Literal["droplet"] = "droplet"
    member: str
    state: DropletState


class Waiting(_Event):
    """The run waits."""

    event: Literal["waiting"] = "waiting"
    purpose: str
    """It tells waits apart that go on at the same time."""
    text: str
    """For what."""


class Waited(_Event):
    """A wait ended."""

    event: Literal["waited"] = "waited"
    purpose: str


class Ended(_Event):
    """The part of one cluster ended."""

    event: Literal["ended"] = "ended"
    cluster: str
    """Empty if the run ended before it knew its cluster."""
    outcome: Outcome
    reason: str = ""


Event = Annotated[
    Began | Members | Said | Gate | DropletStep | Waiting | Waited | Ended, Field(discriminator="event")
]
EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
