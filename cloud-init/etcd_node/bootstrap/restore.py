"""Restore a backup during a bootstrap. The decision follows only when every member has verified the same snapshot."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from components.shared.backups import LATEST
from components.shared.compression import SnapshotError
from components.shared.s3 import Bucket, S3Error
from components.shared.stored_backups import (
    Backup,
    ChoiceError,
    backups_in,
    choose_backup,
    folder_of,
    version_problem,
)
from etcd_node.backup.settings import BackupSettings
from etcd_node.backup.snapshot import decompress, revision_and_keys
from etcd_node.etcd.etcdctl import run_tool
from etcd_node.host.backoff import backoff
from etcd_node.host.etcd_environment import peer_url
from etcd_node.host.install import InstallError, install_once
from etcd_node.host.journal import say
from etcd_node.host.settings import Paths, Settings

LOG_ROOM = 256 << 20
"""Free bytes that a data volume needs for etcd's log, in addition to the database."""

REVISION_BUMP = 1_000_000_000
"""This is added to the revision, so that no client sees a revision again that it saw before the restore.

etcd recommends it with --mark-compacted, which tells watchers that older revisions are gone
(https://etcd.io/docs/v3.6/op-guide/recovery/).
"""


class RestoreError(Exception):
    """The backup cannot be fetched or verified now. The text is one line."""


class Restoration:
    """Fetches, verifies and restores a backup on this member."""

    def __init__(self, settings: Settings, paths: Paths, backups: BackupSettings | None) -> None:
        self._settings = settings
        self._paths = paths
        self._backups = backups
        self._attempt = 0
        self._due = 0.0
        self._verified = dict[str, str]()
        """The verified backup that is on the disk, by the name that was asked for."""
        self.ready = ""
        """The verified backup, or an empty string. A name is directly below the prefix; a key has its folders."""
        self.problem = "the backup is not fetched yet"
        """Why no backup is ready."""

    @property
    def wanted(self) -> bool:
        """Whether the bootstrap restores a backup."""
        return bool(self._settings.restore)

    def prepare(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Fetch and verify a backup, unless the last failure is too recent. An empty name: the configured one."""
        if self.ready and name in {"", self.ready}:
            return
        if clock() < self._due:
            return
        self.ready = ""
        try:
            if name not in self._verified:
                self._verified = {name: self._fetch(name)}
            refuse_full_volume(self._paths.mount, self._raw.stat().st_size)
            self.ready = self._verified[name]
        except (OSError, RestoreError, ChoiceError, InstallError, S3Error, SnapshotError) as error:
            self.problem = f"etcd:restoreFrom {self._settings.restore}: {error}"
            # A volume gets room at any moment, and a server comes back. A damaged backup is downloaded in vain.
            damaged = isinstance(error, (RestoreError, SnapshotError)) and not self._verified
            self._due = clock() + backoff(self._attempt, longest=600.0 if damaged else 30.0)
            self._attempt += 1

    def restore(self, name: str, cluster: Mapping[str, str]) -> None:
        """Make the data directory of a member of the new cluster, in one step. Raises ``SnapshotError``."""
        if name != self.ready:
            raise SnapshotError(
                f"the cluster starts from {name}, but this member has {self.ready or 'no backup'}"
            )
        began = time.monotonic()
        target = self._target
        run_tool(
            [
                *(self._paths.program("etcdutl"), "snapshot", "restore", self._raw),
                *(f"--data-dir={target}", f"--name={self._settings.name}"),
                f"--initial-cluster={','.join(f'{one}={url}' for one, url in sorted(cluster.items()))}",
                f"--initial-cluster-token={self._settings.token}",
                f"--initial-advertise-peer-urls={peer_url(self._settings.name)}",
                *(f"--bump-revision={REVISION_BUMP}", "--mark-compacted"),
            ]
        )
        owner = self._paths.data.stat()
        for folder, folders, files in os.walk(target):
            for one in [*folders, *files]:
                os.chown(Path(folder) / one, owner.st_uid, owner.st_gid)
        os.chown(target, owner.st_uid, owner.st_gid)
        target.chmod(0o700)
        os.sync()
        # The decision needs a blank directory on each member, but etcd may have made an empty database in it.
        shutil.rmtree(self._paths.data)
        # In one step: after a loss of power there is either no directory or the whole one.
        target.rename(self._paths.data)
        self.clear()
        say(f"restored {name} in {time.monotonic() - began:.1f} s; revisions are raised by {REVISION_BUMP}")

    def clear(self) -> None:
        """Delete the fetched files, and what an interrupted restore has left on the volume."""
        self._verified = {}
        for folder in (self._paths.restoring, self._target):
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def _target(self) -> Path:
        return self._paths.mount / "restoring"

    @property
    def _raw(self) -> Path:
        return self._paths.restoring / "snapshot.db"

    def _fetch(self, name: str) -> str:
        if self._backups is None:
            raise RestoreError("no bucket is configured: set etcd:backupBucket and its keys")
        if not self._paths.program("etcdutl").exists():
            # Otherwise etcdutl is installed after etcd's start.
            install_once(self._settings, self._paths, ["etcdutl"])
        backup = find_backup(self._settings, self._backups, name)
        bucket = Bucket(self._backups.access)
        self.clear()
        self._paths.restoring.mkdir(mode=0o700, parents=True)
        packed = self._paths.restoring / "snapshot.db.gz"
        if bucket.download(backup.key, packed) != backup.snapshot.sha256:
            raise RestoreError(
                f"{backup.key} does not match the SHA-256 in its name: it is damaged or no backup"
            )
        decompress(packed, self._raw)
        packed.unlink()
        revision, _ = revision_and_keys(self._paths, self._raw)
        if revision != backup.snapshot.revision:
            raise RestoreError(
                f"{backup.key} has revision {revision}, but its name says {backup.snapshot.revision}"
            )
        say(f"fetched and verified {backup.key}")
        # Other members look below the prefix if the name has no folder.
        name = backup.snapshot.name
        return name if backup.key == self._backups.prefix + name else backup.key


def find_backup(settings: Settings, backups: BackupSettings, name: str) -> Backup:
    """The backup to restore. An empty name: the configured one.

    Raises ``RestoreError``, ``ChoiceError`` or ``S3Error``.
    """
    bucket, wanted = Bucket(backups.access), name or settings.restore
    # The setting stays for the cluster's whole life, and a cluster with backups of its own has had newer data.
    if wanted not in {name, LATEST} and any(
        f"{own.snapshot.cluster}-".startswith(f"{settings.token}-")
        for own in backups_in(bucket.list(backups.prefix).objects)
    ):
        raise RestoreError(
            "this cluster has backups of its own data: choose one with recover from-backup NAME"
        )
    backup = choose_backup(backups_in(bucket.list(folder_of(wanted, backups.prefix)).objects), wanted)
    if problem := version_problem(backup.snapshot, settings.version):
        raise RestoreError(problem)
    return backup


def refuse_full_volume(mount: Path, size: int) -> None:
    """Raise ``RestoreError`` if the data volume has no room for a snapshot of ``size`` bytes."""
    need, free = size + LOG_ROOM, shutil.disk_usage(mount).free
    if free < need:
        kept = ", ".join(sorted(one.name for one in mount.glob("*-2*"))) or "nothing"
        raise RestoreError(
            f"{mount} has {free >> 20} MiB free, but the backup needs {need >> 20}: "
            f"move data that was set aside there to another place ({kept})"
        )
