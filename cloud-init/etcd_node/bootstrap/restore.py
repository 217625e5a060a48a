"""A founding from a backup: one snapshot is chosen, everyone fetches and verifies it, and only then it is decided."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from etcd_node.backup.catalog import Backup, ChoiceError, Snapshot, backups_in, choose, minor
from etcd_node.backup.s3 import Bucket, S3Error
from etcd_node.backup.settings import BackupSettings
from etcd_node.backup.snapshot import SnapshotError, describe, expand, run_tool
from etcd_node.host.backoff import backoff
from etcd_node.host.etcd_environment import peer_url
from etcd_node.host.install import InstallError, install_once
from etcd_node.host.journal import say
from etcd_node.host.settings import Paths, Settings

LOGS = 256 << 20
"""Bytes of a data volume for etcd's log and a first look around, beside the database."""

BUMP = 1_000_000_000
"""Added to the revision: clients that had seen later revisions than the backup's never see one of them again.

etcd's own advice, with --mark-compacted, which tells watchers that what they knew is gone
(https://etcd.io/docs/v3.6/op-guide/recovery/).
"""


class RestoreError(Exception):
    """The snapshot cannot be had now. The text fits on one line."""


class Restoration:
    """The snapshot that this member is ready to restore."""

    def __init__(self, settings: Settings, places: Paths, backups: BackupSettings | None) -> None:
        self._settings = settings
        self._places = places
        self._backups = backups
        self._attempt = 0
        self._due = 0.0
        self.ready = ""
        """Its name, once it is fetched and verified."""
        self.trouble = "the snapshot is being fetched"
        """Why it is not ready."""

    @property
    def wanted(self) -> bool:
        """Whether this cluster is founded from a backup."""
        return bool(self._settings.restore)

    def prepare(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Try to get ready with a snapshot, if it is time to; an empty name chooses the one that was asked for."""
        if self.ready and name in {"", self.ready}:
            return
        if clock() < self._due:
            return
        self.ready = ""
        try:
            self.ready = self._fetch(name)
        except (RestoreError, ChoiceError, InstallError, S3Error, SnapshotError) as error:
            self.trouble = f"etcd:restoreFrom {self._settings.restore}: {error}"
            self._due = clock() + backoff(self._attempt, longest=30.0)
            self._attempt += 1

    def restore(self, name: str, cluster: Mapping[str, str]) -> None:
        """Make the data directory of a member of a new cluster, in one step. Raises ``SnapshotError``."""
        if name != self.ready:
            raise SnapshotError(f"the decision names {name}, and this member has {self.ready or 'none'}")
        began = time.monotonic()
        target = self._places.mount / "restoring"
        shutil.rmtree(target, ignore_errors=True)
        run_tool(
            [
                *(self._places.program("etcdutl"), "snapshot", "restore", self._raw),
                *(f"--data-dir={target}", f"--name={self._settings.name}"),
                f"--initial-cluster={','.join(f'{one}={url}' for one, url in sorted(cluster.items()))}",
                f"--initial-cluster-token={self._settings.token}",
                f"--initial-advertise-peer-urls={peer_url(self._settings.name)}",
                *(f"--bump-revision={BUMP}", "--mark-compacted"),
            ]
        )
        owner = self._places.data.stat()
        for folder, folders, files in os.walk(target):
            for one in [*folders, *files]:
                os.chown(Path(folder) / one, owner.st_uid, owner.st_gid)
        os.chown(target, owner.st_uid, owner.st_gid)
        target.chmod(0o700)
        os.sync()
        # The empty directory is replaced by the whole one: a loss of power leaves the one or the other.
        target.rename(self._places.data)
        self.clear()
        say(f"restored {name} in {time.monotonic() - began:.1f} s, its revisions raised by {BUMP}")

    def clear(self) -> None:
        """Remove what was fetched."""
        shutil.rmtree(self._places.restoring, ignore_errors=True)

    @property
    def _raw(self) -> Path:
        return self._places.restoring / "snapshot.db"

    def _fetch(self, name: str) -> str:
        if self._backups is None:
            raise RestoreError("there is no bucket to restore from: set etcd:backupBucket and its keys")
        if not self._places.program("etcdutl").exists():
            # It comes after etcd's start otherwise.
            install_once(self._settings, self._places, ["etcdutl"])
        bucket = Bucket(self._backups.place)
        backup = self._choose(bucket, name)
        refuse_newer(backup.snapshot, self._settings.version)
        self.clear()
        self._places.restoring.mkdir(mode=0o700, parents=True)
        packed = self._places.restoring / "snapshot.db.gz"
        if bucket.get(backup.key, packed) != backup.snapshot.sha256:
            raise RestoreError(
                f"{backup.key} has another SHA-256 than its name says: it is damaged, or not ours"
            )
        expand(packed, self._raw)
        packed.unlink()
        revision, _ = describe(self._places, self._raw)
        if revision != backup.snapshot.revision:
            raise RestoreError(
                f"{backup.key} has revision {revision}, and its name says {backup.snapshot.revision}"
            )
        refuse_full_volume(self._places.mount, self._raw.stat().st_size)
        say(f"fetched and verified {backup.snapshot.name}")
        return backup.snapshot.name

    def _choose(self, bucket: Bucket, name: str) -> Backup:
        wanted = name or self._settings.restore
        folder, slash, _ = wanted.rpartition("/")
        prefix = folder + slash if slash else (self._backups.prefix if self._backups else "")
        return choose(backups_in(bucket.list(prefix).objects), wanted)


def refuse_newer(snapshot: Snapshot, version: str) -> None:
    """etcd does not read what a newer minor version wrote. Raises ``RestoreError``."""
    if minor(snapshot.version) > minor(version):
        raise RestoreError(
            f"{snapshot.name} is of etcd {snapshot.version}, and this is {version}: set etcd:version to "
            f"{snapshot.version} or a later patch of it"
        )


def refuse_full_volume(mount: Path, size: int) -> None:
    """A snapshot of ``size`` bytes is restored beside what was set aside. Raises ``RestoreError`` for want of room."""
    need, free = size + LOGS, shutil.disk_usage(mount).free
    if free < need:
        kept = ", ".join(sorted(one.name for one in mount.glob("*-2*"))) or "nothing"
        raise RestoreError(
            f"{mount} has {free >> 20} MiB free, and the backup needs {need >> 20}: "
            f"move away what you no longer need of what was set aside there ({kept})"
        )
