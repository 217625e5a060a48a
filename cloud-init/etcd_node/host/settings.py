"""The settings of this droplet's member, and the paths of its files."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path

from components.shared.names import VOLUME_LABEL


@dataclass(frozen=True)
class Settings:
    """The content of ``/etc/etcd/prepare_cluster.json``."""

    name: str
    token: str
    """``ETCD_INITIAL_CLUSTER_TOKEN``."""
    initial_members: tuple[str, ...]
    """Names of the members that bootstrap the cluster. Any other member only joins it."""
    tag: str
    addresses: str
    """Which of a droplet's IPv4 addresses to use: ``public`` or ``private``."""
    api_url: str
    version: str
    release_url: str
    release_sha256: str
    volume: str
    """Name of the data volume; empty when the data is on the root disk."""
    heartbeat_ms: int
    election_ms: int
    quota_bytes: int
    compaction_mode: str
    compaction_retention: str
    flags: tuple[str, ...] = ()
    """More variables of etcd's environment file, as ``NAME=VALUE``."""
    restore: str = ""
    """The backup from which the cluster starts: ``latest``, or its name. Empty starts without data."""
    recovered: bool = False
    """Whether an operator has abandoned the earlier cluster. Then this member never joins it again."""
    listen: str = "0.0.0.0"  # noqa: S104
    """Address on which etcd listens, and the bootstrap endpoint before it. The firewall protects it."""
    metrics: str = "127.0.0.1:2381"
    """Where etcd serves its metrics without TLS, ``HOST:PORT``."""
    defragment_bytes: int = 100 << 20
    """Bytes that a defragmentation must free at least."""
    defragment_percent: int = 50
    """Share of the database file that a defragmentation must free at least."""


def read_settings(path: Path) -> Settings:
    """The settings in a JSON file. Raises ``OSError``, ``ValueError`` or ``TypeError`` when it is incomplete."""
    values = json.loads(path.read_text())
    known = {field.name for field in fields(Settings)}
    values = {key: value for key, value in values.items() if key in known}
    lists = {"initial_members": tuple(values["initial_members"]), "flags": tuple(values.get("flags", ()))}
    return Settings(**{**values, **lists})


def as_recovered(settings: Settings, recovery: Path) -> Settings:
    """The settings with the changes of an operator's recovery: the token, the initial members and their backup."""
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
    """Paths below a root directory, which is ``/`` on a droplet."""

    root: Path = Path("/")

    @property
    def etc(self) -> Path:
        """Settings, certificates and the files that ``preparecluster`` writes."""
        return self.root / "etc/etcd"

    @property
    def settings(self) -> Path:
        """The settings of this machine, which a recovery changes."""
        return self.etc / "prepare_cluster.json"

    @property
    def environment(self) -> Path:
        """etcd's environment file."""
        return self.etc / "etcd-members"

    @property
    def joining(self) -> Path:
        """Exists from the time when this member is added as a learner until it votes."""
        return self.etc / "joining"

    @property
    def hosts(self) -> Path:
        """The hosts file, with names that need no DNS."""
        return self.root / "etc/hosts"

    @property
    def mount(self) -> Path:
        """The mount point of the data volume."""
        return self.root / "var/lib/etcd"

    @property
    def data(self) -> Path:
        """``ETCD_DATA_DIR``."""
        return self.mount / "data"

    @property
    def run(self) -> Path:
        """Files that do not survive a reboot."""
        return self.root / "run/etcd"

    @property
    def metrics(self) -> Path:
        """Metrics files ``etcd_*.prom``, which the exporter serves.

        Debian's prometheus-node-exporter looks for them here, too, where an image has it.
        """
        return self.root / "var/lib/prometheus/node-exporter"

    @property
    def recheck(self) -> Path:
        """Tells ``preparecluster`` to trust the data on disk only if the cluster confirms it."""
        return self.run / "recheck"

    @property
    def moved(self) -> Path:
        """Tells ``reconcile`` to list the droplets even if etcd has all its connections."""
        return self.run / "moved"

    @property
    def outgrown(self) -> Path:
        """Exists when the file system must grow to the size of its volume, but cannot while it is mounted."""
        return self.run / "outgrown"

    @property
    def errors(self) -> Path:
        """The number of errors that the kernel has found in the volume's file system, for other users to read."""
        return self.root / "run/etcd-filesystem-errors"

    @property
    def backup(self) -> Path:
        """Settings of the backups. The file does not exist when backups are off."""
        return self.etc / "backup.json"

    @property
    def staging(self) -> Path:
        """Unfinished snapshots, on the root disk, so that they never fill etcd's disk."""
        return self.root / "var/cache/etcd-backup"

    @property
    def reserve(self) -> Path:
        """Room that is kept back on the data volume."""
        return self.mount / "reserve"

    @property
    def recovery(self) -> Path:
        """The changes of an operator's recovery, on the data volume, which outlives the droplet."""
        return self.mount / "recovery.json"

    @property
    def restoring(self) -> Path:
        """The snapshot from which a cluster starts."""
        return self.root / "var/cache/etcd-restore"

    @property
    def next_backup(self) -> Path:
        """The time at which to list the bucket again."""
        return self.run / "backup.next"

    @property
    def no_backup(self) -> Path:
        """The time since which the bucket has had no backup of this cluster."""
        return self.run / "backup.none"

    @property
    def unfinished_backup(self) -> Path:
        """Exists from the start of an upload until one succeeds. It is in memory, since the disk may be full."""
        return self.run / "backup.unfinished"

    @property
    def backup_metrics(self) -> Path:
        """The metrics file of the backups."""
        return self.metrics / "etcd_backup.prom"

    def program(self, name: str) -> Path:
        """An installed program of etcd's release."""
        return self.root / "usr/local/bin" / name

    def device(self, volume: str) -> Path:
        """The block device of a DigitalOcean volume, by its name.

        A long name may be cut in ``/dev``. Then the label of its file system names the device.
        """
        disks = self.root / "dev/disk"
        named, labelled = disks / f"by-id/scsi-0DO_Volume_{volume}", disks / "by-label" / VOLUME_LABEL
        return labelled if labelled.exists() and not named.exists() else named
