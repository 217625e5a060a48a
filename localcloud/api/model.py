"""The documents that the local cloud stores: one class for each kind of resource."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Interface
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field

from localcloud.api.store import Document


def now() -> str:
    """Return the current time in the format of both APIs, e.g. ``2026-11-23T21:07:16Z``."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Droplet(Document):
    """A droplet."""

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
    """The public keys at the time of the droplet's creation."""
    tags: list[str] = Field(default_factory=list)
    volumes: list[str] = Field(default_factory=list)
    """Ids of the attached volumes, in the order in which they were attached."""
    vpc: str
    public: IPv4Interface
    private: IPv4Interface
    pending: int | None = None
    """Id of the action in progress, which locks the droplet."""


class Action(Document):
    """An action on a droplet or a volume. A restarted process resumes it with ``arguments``."""

    KIND: ClassVar[str] = "action"

    id: int
    type: str
    status: Literal["in-progress", "completed", "errored"] = "in-progress"
    started_at: str = Field(default_factory=now)
    completed_at: str | None = None
    resource_type: Literal["droplet", "backend"]
    resource_id: int | None
    """The droplet's id; ``None`` for volumes, whose ids are not numbers."""
    region: str
    volume: str | None = None
    """Id of the action's volume, if any."""
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
    """Id of the droplet to which it is attached, if any."""


class Tag(Document):
    """A tag, whether or not a resource has it."""

    KIND: ClassVar[str] = "tag"

    name: str
    last_tagged: str = ""
    """Path of the last tagged resource, e.g. ``/v2/droplets/1001``."""

    @property
    def key(self) -> str:
        """The name in lower case: names that differ only in case are one tag."""
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
    """The sources or destinations of a firewall rule."""

    addresses: list[str] | None = None
    droplet_ids: list[int] | None = None
    tags: list[str] | None = None
    load_balancer_uids: list[str] | None = None
    kubernetes_ids: list[str] | None = None


class InboundRule(BaseModel):
    """Traffic to the droplet that is allowed."""

    protocol: Literal["tcp", "udp", "icmp"]
    ports: str = "0"
    sources: Target


class OutboundRule(BaseModel):
    """Traffic from the droplet that is allowed."""

    protocol: Literal["tcp", "udp", "icmp"]
    ports: str = "0"
    destinations: Target


class Firewall(Document):
    """A cloud firewall with the droplets and tags to which it applies."""

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
    """A Slack channel to which alerts are posted."""

    channel: str
    url: str


class Recipients(BaseModel):
    """The recipients of an alert."""

    email: list[str] | None = None
    slack: list[SlackChannel] | None = None


class AlertPolicyRequest(BaseModel):
    """The content of an alert policy."""

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
        """The UUID."""
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
    """A DNS record at Cloudflare. Its name is fully qualified, in lower case, without a trailing dot."""

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
