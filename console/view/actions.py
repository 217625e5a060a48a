"""What the page may do, on a local cloud only."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from console.view.document import Document


class MemberAction(Document):
    """Something done to one member's droplet."""

    kind: Literal["power-off", "power-on", "pause", "resume", "cut-off", "reconnect", "wipe", "destroy"]
    """``wipe`` stops its etcd, removes the data and starts it. ``destroy`` deletes the droplet outside of Pulumi."""
    member: str
    confirmed: bool = False
    """``power-off``, ``pause``, ``cut-off``, ``wipe`` and ``destroy`` are refused without it."""


class FaultAction(Document):
    """A fault of an API of the cloud, or its end."""

    kind: Literal["add-fault"]
    service: Literal["digitalocean", "cloudflare"]
    fault: Literal["down", "slow", "errors"]
    confirmed: bool = False


class FaultEnd(Document):
    """The end of a fault."""

    kind: Literal["end-fault"]
    id: int


class DnsAction(Document):
    """The name server stops or starts to answer."""

    kind: Literal["stop-dns", "start-dns"]
    confirmed: bool = False


class WriterAction(Document):
    """The writer starts or stops."""

    kind: Literal["start-writer", "stop-writer"]


Action = Annotated[
    MemberAction | FaultAction | FaultEnd | DnsAction | WriterAction, Field(discriminator="kind")
]
"""The body of ``POST /actions``. The answer is 204, or a problem as ``{"error": "what is wrong and what to do"}``."""
