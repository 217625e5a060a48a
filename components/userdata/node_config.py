"""The configuration of one member's droplet, made from the settings and from values that a run resolves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ..config.backup_settings import BackupTarget, backup_target
from ..config.etcd_settings import etcd_flags
from ..config.settings import Settings
from ..shared.names import member_name

GIB = 1024**3


@dataclass(frozen=True)
class NodeSettings:
    """The content of the droplet's ``prepare_cluster.json``.

    The fields are those of ``etcd_node.host.settings.Settings``. None of them contains another member's address or
    the current size of the cluster, so a change of either replaces no droplet.
    """

    name: str
    """The member's name, which is also its hostname."""
    token: str
    """``ETCD_INITIAL_CLUSTER_TOKEN``, unique to the cluster."""
    initial_members: tuple[str, ...]
    """Names of the members that bootstrap the cluster together. Other members only join it."""
    tag: str
    """The tag that all droplets of this cluster have, and no others."""
    addresses: Literal["public", "private"]
    """Which of a droplet's IPv4 addresses members and clients use."""
    api_url: str
    """The DigitalOcean API, such as ``https://api.digitalocean.com``."""
    version: str
    """The version of etcd, such as ``3.6.14``."""
    release_url: str
    """URL of the release tarball of this version."""
    release_sha256: str
    """SHA-256 of the release tarball, in hexadecimal."""
    volume: str
    """Name of the data volume. Empty keeps the data on the root disk."""
    heartbeat_ms: int
    """etcd's heartbeat interval, in milliseconds."""
    election_ms: int
    """etcd's election timeout, in milliseconds."""
    quota_bytes: int
    """Size limit of etcd's database, in bytes."""
    compaction_mode: Literal["periodic", "revision"]
    """How etcd decides which revisions to compact."""
    compaction_retention: str
    """A duration (``8h``) in periodic mode, a number of revisions in revision mode."""
    flags: tuple[str, ...] = ()
    """More variables of etcd's environment file, as ``NAME=VALUE``."""
    restore: str = ""
    """The backup that the bootstrap restores: ``latest`` or a name. Empty bootstraps without data."""


@dataclass(frozen=True)
class MemberCertificates:
    """The certificates and keys of one member, as PEM."""

    ca_certificate: str
    """The bundle of authorities whose certificates open the client port."""
    server_certificate: str
    """The certificate that clients see."""
    server_key: str = field(repr=False)
    """The private key of the server certificate."""
    peer_ca_certificate: str
    """The bundle of authorities whose certificates open the peer port."""
    peer_certificate: str
    """The certificate that other members see."""
    peer_key: str = field(repr=False)
    """The private key of the peer certificate."""
    management_certificate: str = ""
    """The certificate of the user root, for changes that the member makes. Empty without ``auth``."""
    management_key: str = field(default="", repr=False)
    """The private key of the management certificate."""


@dataclass(frozen=True)
class NodeConfig:
    """Everything that differs between droplets."""

    settings: NodeSettings
    """What the programs on the droplet read."""
    api_token: str = field(repr=False)
    """A DigitalOcean token that has read scopes only."""
    certificates: MemberCertificates
    """The member's own certificates and keys."""
    backup: BackupTarget | None = None
    """Where backups are uploaded. ``None`` turns backups off."""


@dataclass(frozen=True)
class RunValues:
    """Values of a member that are known only during a run, because other resources provide them."""

    token: str
    """The cluster token in the bootstrap record."""
    initial_size: int
    """How many members bootstrap the cluster, from the bootstrap record."""
    restore: str
    """The backup that the bootstrap restores, from the bootstrap record. Empty restores none."""
    version: str
    """The recorded version of etcd. A run with ``--target`` does not change it."""
    release_url: str
    """URL of the recorded release's tarball."""
    release_sha256: str
    """SHA-256 of the recorded release's tarball, in hexadecimal."""
    tag: str
    """The name of the cluster's tag."""
    certificates: MemberCertificates
    """The member's certificates and keys, as the authority issued them."""


def node_config(settings: Settings, number: int, volume: str, values: RunValues) -> NodeConfig:
    """The configuration of member ``number``, counted from 1. ``volume`` is the name of its data volume."""
    return NodeConfig(
        settings=NodeSettings(
            name=member_name(number, settings.domain),
            token=values.token,
            initial_members=tuple(
                member_name(one, settings.domain) for one in range(1, values.initial_size + 1)
            ),
            tag=values.tag,
            addresses=settings.addresses,
            api_url=settings.discovery_api_url,
            version=values.version,
            release_url=values.release_url,
            release_sha256=values.release_sha256,
            volume="" if settings.volume_size == 0 else volume,
            heartbeat_ms=settings.heartbeat_ms,
            election_ms=settings.election_ms,
            quota_bytes=settings.quota_gib * GIB,
            compaction_mode=settings.compaction_mode,
            compaction_retention=settings.compaction_retention,
            flags=etcd_flags(settings),
            restore=values.restore,
        ),
        api_token=settings.discovery_token.get_secret_value(),
        certificates=values.certificates,
        backup=backup_target(settings, cluster=values.tag, region=settings.region),
    )
