"""What the cloud has for the cluster, and the requests to its APIs."""

from __future__ import annotations

from typing import Literal

from console.view.document import Document


class Reach(Document):
    """One rule of the firewall: who may reach what."""

    source: str
    """``members``, ``anyone``, or an address range."""
    ports: str
    """For example ``2379``, or ``2379-2380``."""
    protocol: str
    purpose: str
    """For example ``client traffic``."""


class Volume(Document):
    """A volume."""

    name: str
    size_gib: int
    member: str
    """The member to whose droplet it is attached; empty if to none."""


class Record(Document):
    """A DNS record."""

    name: str
    address: str
    answered: bool | None
    """Whether the name server answers it."""


class Backup(Document):
    """A backup in the bucket."""

    name: str
    taken: float
    size_bytes: int | None
    member: str


class Fault(Document):
    """A fault that is injected now."""

    id: int
    text: str
    service: str
    fault: Literal["down", "slow", "errors"] | None
    """Which fault of ``FaultAction`` it is; ``None`` if it is another one."""


class Cloud(Document):
    """What the cloud has."""

    reach: list[Reach] | None
    reach_problem: str
    """Why the rules are unknown, or since when they were not confirmed. Those below are alike."""
    volumes: list[Volume] | None
    volumes_problem: str
    tags: list[str] | None
    tags_problem: str
    records: list[Record] | None
    records_problem: str
    backups: list[Backup] | None
    backups_problem: str
    """Why backups are unknown, or that they are off."""
    faults: list[Fault]
    dns_stopped: bool


class Request(Document):
    """One request to an API of the cloud."""

    number: int
    """Counted from 1."""
    time: float
    service: str
    method: str
    path: str
    status: int | None
    who: str
    """The name of the token, and where the request came from."""
