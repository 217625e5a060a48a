"""What this droplet was told about its member, and where it keeps things."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """The content of ``/etc/etcd/prepare_cluster.json``."""

    name: str
    token: str
    """``ETCD_INITIAL_CLUSTER_TOKEN``."""
    initial_members: tuple[str, ...]
    """Names of the members that found the cluster together. Any other member only ever joins."""
    tag: str
    addresses: str
    """Which of a droplet's IPv4 addresses to use: ``public`` or ``private``."""
    api_url: str
    version: str
    release_url: str
    release_sha256: str
    volume: str
    """Name of the data volume; empty means the root disk."""
    heartbeat_ms: int
    election_ms: int
    quota_bytes: int
    compaction_mode: str
    compaction_retention: str
    restore: str = ""
    """The backup that the founding begins with: ``latest``, or its name. Empty founds without any data."""
    recovered: bool = False
    """An operator has given the cluster before this one up: it is not joined again."""
    listen: str = "0.0.0.0"  # noqa: S104
    """Address that etcd, and this script before it, listen on. A firewall stands before it."""
    metrics: str = "127.0.0.1:2381"
    """Where etcd serves its metrics."""
    defragment_bytes: int = 100 << 20
    """A database is defragmented when it gives so many bytes back, or more,"""
    defragment_percent: int = 50
    """and when they are this share of its file."""


def read_settings(path: Path) -> Settings:
    """The settings in a JSON file. Raises ``OSError``, ``ValueError`` or ``TypeError`` when it is not whole."""
    values = json.loads(path.read_text())
    known = {field.name for field in fields(Settings)}
    values = {key: value for key, value in values.items() if key in known}
    return Settings(**{**values, "initial_members": tuple(values["initial_members"])})


def as_recovered(settings: Settings, recovery: Path) -> Settings:
    """The settings with what an operator's recovery changed: the cluster's token, its founders and their backup."""
    if not recovery.exists():
        return settings
    values = json.loads(recovery.read_text())
    return replace(
        settings,
        token=str(values["token"]),
        restore=str(values["restore"]),
        # Earlier versions wrote the list as "founding", or not at all.
        initial_members=tuple(
            values.get("initial_members") or values.get("founding") or settings.initial_members
        ),
        recovered=True,
    )


@dataclass(frozen=True)
class Paths:
    """Where things are, below a root directory that is ``/`` on a droplet."""

    root: Path = Path("/")

    @property
    def etc(self) -> Path:
        """Settings, certificates and what discovery writes."""
        return self.root / "etc/etcd"

    @property
    def environment(self) -> Path:
        """etcd's environment file."""
        return self.etc / "etcd-members"

    @property
    def joining(self) -> Path:
        """Exists from the moment this member is added as a learner until it votes."""
        return self.etc / "joining"

    @property
    def hosts(self) -> Path:
        """The names that need no DNS."""
        return self.root / "etc/hosts"

    @property
    def mount(self) -> Path:
        """Where the data volume is mounted."""
        return self.root / "var/lib/etcd"

    @property
    def data(self) -> Path:
        """``ETCD_DATA_DIR``."""
        return self.mount / "data"

    @property
    def run(self) -> Path:
        """What is forgotten at a reboot."""
        return self.root / "run/etcd"

    @property
    def metrics(self) -> Path:
        """Texts in Prometheus' format, ``etcd_*.prom``, which are served with the facts of this machine.

        Debian's prometheus-node-exporter looks for them here, too, where an image has it.
        """
        return self.root / "var/lib/prometheus/node-exporter"

    @property
    def recheck(self) -> Path:
        """Asks discovery not to trust the data on disk without a word from the cluster."""
        return self.run / "recheck"

    @property
    def moved(self) -> Path:
        """Asks the refresh to list the droplets, whatever etcd says of its connections."""
        return self.run / "moved"

    @property
    def outgrown(self) -> Path:
        """The data volume is larger than its file system, which does not grow while it is mounted."""
        return self.run / "outgrown"

    @property
    def backup(self) -> Path:
        """Where backups go; not there when they are off."""
        return self.etc / "backup.json"

    @property
    def staging(self) -> Path:
        """Snapshots under way, on the root disk: etcd's own is never filled by them."""
        return self.root / "var/cache/etcd-backup"

    @property
    def recovery(self) -> Path:
        """What an operator's recovery changed of the settings; on the data volume, which outlives the droplet."""
        return self.mount / "recovery.json"

    @property
    def restoring(self) -> Path:
        """A snapshot that a founding is to begin with."""
        return self.root / "var/cache/etcd-restore"

    @property
    def next_backup(self) -> Path:
        """When to look at the bucket again."""
        return self.run / "backup.next"

    @property
    def no_backup(self) -> Path:
        """Since when the bucket has been seen without a backup of this cluster."""
        return self.run / "backup.none"

    @property
    def unfinished_backup(self) -> Path:
        """There from the beginning of an upload until one succeeds; in memory, since the disk may be full."""
        return self.run / "backup.unfinished"

    @property
    def backup_metrics(self) -> Path:
        """What Prometheus is told of the backups."""
        return self.metrics / "etcd_backup.prom"

    def program(self, name: str) -> Path:
        """An installed program of etcd's release."""
        return self.root / "usr/local/bin" / name

    def device(self, volume: str) -> Path:
        """The block device of a DigitalOcean volume, by its name."""
        return self.root / f"dev/disk/by-id/scsi-0DO_Volume_{volume}"
