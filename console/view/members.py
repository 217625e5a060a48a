"""The members of the cluster, each with its droplet."""

from __future__ import annotations

from typing import Literal

from console.view.document import Document

Power = Literal["active", "off", "new", "paused", "absent"]
"""``absent``: the stack has the member, and no droplet."""
Role = Literal["leader", "follower", "learner", "blank", "waiting", "stopped"]
"""``blank``: a droplet that runs and is no member. ``waiting``: it waits to bootstrap or join. ``stopped``: etcd does
not run."""


class Certificate(Document):
    """One certificate of a member."""

    purpose: Literal["server", "peer", "client", "ca"]
    ends: float


class ShutdownBlock(Document):
    """Whether a member blocks its shutdown now."""

    blocked: bool
    reason: str
    """Why it does, or why it does not."""


class Member(Document):
    """One member."""

    name: str
    """The full DNS name."""
    number: int
    droplet_id: int | None
    power: Power | None
    public_address: str | None
    private_address: str | None
    record: str | None
    """The address that DNS answers for the name; empty if there is no record."""
    role: Role | None
    waiting_for: str | None
    """What a waiting, blank or stopped member waits for: the last line of its own journal about it."""
    healthy: bool | None
    problem: str
    """Why it is not healthy, as the program would say it, or why its health is unknown."""
    version: str | None
    """The version of etcd that runs."""
    database_bytes: int | None
    quota_bytes: int | None
    certificates: list[Certificate] | None
    shutdown: ShutdownBlock | None
    cut_off: bool | None
    """Whether its network was cut off from the page."""
