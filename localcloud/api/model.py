"""What the local cloud stores: one document class for each kind of resource."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Interface
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field

from localcloud.api.store import Document


def now() -> str:
    """The current time as both APIs write it, e.g. ``2026-11-23T21:07:16Z``."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Droplet(Document):
    """A droplet, whether its machine runs or not."""

    KIND: ClassVar[str] = "droplet"

    id: int
    name: str
    status: Literal["new", "active", "off"] = "new"
    created_at: str = Field(default_factory=now)
    region: str
    size: str
    disk_gib: int
    image: str
    features: list[str]
    user_data: str = ""
    ssh_keys: list[str] = Field(default_factory=list)
    """Public keys, as they were when the droplet was created."""
    tags: list[str] = Field(default_factory=list)
    volumes: list[str] = Field(default_factory=list)
    """Ids of the attached volumes, in the order of their attachment."""
    vpc: str
    public: IPv4Interface
    private: IPv4Interface
    pending: int | None = None
    """Id of the action in progress. A droplet with one is locked."""


class Action(Document):
    """Something that was asked of a droplet or a volume; ``arguments`` let a restarted process resume it."""

    KIND: ClassVar[str] = "action"

    id: int
    type: str
    status: Literal["in-progress", "completed", "errored"] = "in-progress"
    started_at: str = Field(default_factory=now)
    completed_at: str | None = None
    resource_type: Literal["droplet", "backend"]
    resource_id: int | None
    """The droplet's id; none for volumes, whose ids are no numbers."""
    region: str
    volume: str | None = None
    """Id of the volume that the action is about."""
    droplet: int | None = None
    """Id of the droplet whose machine does the work, if any."""
    arguments: dict[str, Any] = Field(default_factory=dict)


class Volume(Document):
    """A block storage volume."""

    KIND: ClassVar[str] = "volume"

    id: str
    name: str
    region: str
    size_gigabytes: int
    description: str = ""
    filesystem_type: str = ""
    filesystem_label: str = ""
    created_at: str = Field(default_factory=now)
    tags: list[str] = Field(default_factory=list)
    droplet: int | None = None
    """Id of the droplet that it is attached to."""


class Tag(Document):
    """A tag that exists, whether or not anything has it."""

    KIND: ClassVar[str] = "tag"

    name: str
    last_tagged: str = ""
    """Path of the resource that got the tag last, e.g. ``/v2/droplets/1001``."""

    @property
    def key(self) -> str:
        """Tag names are unique without regard to case."""
        return self.name.casefold()


class Vpc(Document):
    """A private network."""

    KIND: ClassVar[str] = "vpc"

    id: str
    name: str
    region: str
    ip_range: str
    description: str = ""
    default: bool = False
    created_at: str = Field(default_factory=now)


class Target(BaseModel):
    """Where a firewall rule's traffic comes from or goes to."""

    addresses: list[str] | None = None
    droplet_ids: list[int] | None = None
    tags: list[str] | None = None
    load_balancer_uids: list[str] | None = None
    kubernetes_ids: list[str] | None = None


class InboundRule(BaseModel):
    """Traffic to the droplet that is let in."""

    protocol: Literal["tcp", "udp", "icmp"]
    ports: str = "0"
    sources: Target


class OutboundRule(BaseModel):
    """Traffic from the droplet that is let out."""

    protocol: Literal["tcp", "udp", "icmp"]
    ports: str = "0"
    destinations: Target


class Firewall(Document):
    """A cloud firewall with the droplets and tags that it applies to."""

    KIND: ClassVar[str] = "firewall"

    id: str
    name: str
    status: Literal["succeeded", "failed"] = "succeeded"
    created_at: str = Field(default_factory=now)
    inbound_rules: list[InboundRule] = Field(default_factory=list[InboundRule])
    outbound_rules: list[OutboundRule] = Field(default_factory=list[OutboundRule])
    droplet_ids: list[int] = Field(default_factory=list[int])
    tags: list[str] = Field(default_factory=list)


class SlackChannel(BaseModel):
    """Where an alert is posted."""

    channel: str
    url: str


class Recipients(BaseModel):
    """Who is told of an alert."""

    email: list[str] | None = None
    slack: list[SlackChannel] | None = None


class AlertPolicyRequest(BaseModel):
    """What an alert policy says."""

    alerts: Recipients
    compare: Literal["GreaterThan", "LessThan"]
    description: str
    enabled: bool = True
    entities: list[str] = Field(default_factory=list)
    tags: list[str] = Field(default_factory=list)
    type: str = Field(pattern=r"^v1/(insights/(droplet|lbaas)|dbaas/alerts)/[a-z0-9_]+$")
    value: float = Field(ge=0)
    window: Literal["5m", "10m", "30m", "1h"]


class AlertPolicy(AlertPolicyRequest, Document):
    """A policy of DigitalOcean's monitoring."""

    KIND: ClassVar[str] = "alert_policy"

    uuid: str

    @property
    def key(self) -> str:
        """Policies go by their UUID."""
        return self.uuid


class SshKey(Document):
    """A public key of the account."""

    KIND: ClassVar[str] = "ssh_key"

    id: int
    name: str
    public_key: str
    fingerprint: str


class Zone(Document):
    """A DNS zone at Cloudflare."""

    KIND: ClassVar[str] = "zone"

    id: str
    name: str
    created_on: str = Field(default_factory=now)


class DnsRecord(Document):
    """A DNS record at Cloudflare; its name is a full name in lower case without a trailing dot."""

    KIND: ClassVar[str] = "dns_record"

    id: str
    zone: str
    type: str
    name: str
    content: str
    ttl: int = 1
    proxied: bool = False
    priority: int | None = None
    comment: str | None = None
    tags: list[str] = Field(default_factory=list)
    settings: dict[str, Any] = Field(default_factory=dict)
    created_on: str = Field(default_factory=now)
    modified_on: str = Field(default_factory=now)
