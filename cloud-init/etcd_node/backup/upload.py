"""Take a backup and upload it, when it is this member's turn, and delete old ones: one run of the service."""

from __future__ import annotations

import fcntl
import json
import shutil
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from components.shared.compression import SnapshotError
from components.shared.s3 import Bucket, S3Error
from components.shared.stored_backups import Backup, backups_in, best_backup, of_cluster
from etcd_node.backup.catalog import UploadLater, expired, last_upload, upload_turn
from etcd_node.backup.due import (
    LONGEST_PAUSE,
    REQUEST_GRACE,
    BackupRequest,
    confirm_request,
    pending_request,
)
from etcd_node.backup.metrics import backup_metrics
from etcd_node.backup.settings import BackupSettings, read_backup_settings
from etcd_node.backup.snapshot import take_snapshot
from etcd_node.backup.upload_lock import upload_lock
from etcd_node.etcd.client import ClusterClient, NoQuorumError, RefusalError, RefusedError, read_status
from etcd_node.etcd.membership import cluster_name
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient, this_member
from etcd_node.host.atomic_write import replace_text
from etcd_node.host.hosts_file import read_members
from etcd_node.host.journal import say, warn
from etcd_node.host.settings import Paths, Settings

RETRY_INTERVAL = 60.0
"""Seconds to wait after a failure, at the longest."""


class BackupError(Exception):
    """The backup failed. The text fits on one line and has no secret."""


class NotAskedError(Exception):
    """This member's etcd could not be asked whose turn it is."""


@dataclass(frozen=True)
class UploadOrder:
    """The members in the order in which they upload, and what else this member's etcd reports."""

    order: tuple[str, ...]
    """All voters by name. The leader, which has the most work, is the last."""
    following: frozenset[str]
    """Those of them that follow a leader. They may be unhealthy: backups go on while an alarm is raised."""
    database: int
    """Bytes of this member's database."""
    cluster: int
    """The cluster's id."""


def run(settings: Settings, paths: Paths, *, at_once: bool) -> None:
    """Do what is due, or take a backup at once. Exits with a status when something failed."""
    if (backups := read_backup_settings(paths.backup)) is None:
        sys.exit("backups are off: set etcd:backupBucket and its keys, see docs/backup.md")
    if not back_up(settings, paths, backups, at_once=at_once):
        sys.exit(1)


def back_up(settings: Settings, paths: Paths, backups: BackupSettings, *, at_once: bool = False) -> bool:
    """Do what is due now. Returns whether nothing failed. ``at_once`` takes a backup even if none is due."""
    with _run_lock(paths, wait=at_once) as locked:
        if not locked:
            return True
        run = _BackupRun(settings, paths, backups)
        try:
            pause = run.execute(at_once=at_once)
        except NotAskedError:
            # Whether backups go well is as unknown as before.
            run.write_metrics()
            return True
        except (BackupError, S3Error, SnapshotError, OSError) as error:
            warn(f"backup failed: {error}")
            pause = min(RETRY_INTERVAL, backups.grace)
            replace_text(paths.next_backup, json.dumps(time.time() + pause), mode=0o600)
            run.write_metrics(failed=True)
            return False
        finally:
            shutil.rmtree(paths.staging, ignore_errors=True)
        replace_text(paths.next_backup, json.dumps(time.time() + min(pause, LONGEST_PAUSE)), mode=0o600)
        run.write_metrics(failed=False)
        return True


class _BackupRun:
    def __init__(self, settings: Settings, paths: Paths, backups: BackupSettings) -> None:
        self._settings = settings
        self._paths = paths
        self._backups = backups
        self._bucket = Bucket(backups.access)
        self._known: list[Backup] = []
        """This cluster's backups, as last listed."""
        self._listed = False
        self._client = TlsClient(paths.etc)
        self._me = this_member(settings, paths)
        self.request: BackupRequest | None = pending_request(self._client, self._me)
        """The backup that a ``pulumi up`` waits for."""

    def execute(self, *, at_once: bool) -> float:
        """Upload and delete what is due. Returns the seconds until the next run is worth its while."""
        if not self._has_tools():
            if at_once:
                raise BackupError("etcdctl and etcdutl are not installed yet")
            return 0
        order = self._upload_order(at_once=at_once)
        self._settings = replace(self._settings, token=cluster_name(self._settings, order.cluster))
        now = self._list()
        if not at_once and (wait := self._seconds_until_turn(order, now)) is not None:
            return wait
        with upload_lock(self._client, self._me) as locked:
            if not at_once:
                if not locked:
                    return 0
                # Another member's upload may have ended just before.
                self.request = pending_request(self._client, self._me)
                if (wait := self._seconds_until_turn(order, self._list())) is not None:
                    return wait
            self._upload(order.database)
            if self.request is not None:
                confirm_request(self._client, self._me, self.request)
        self._delete_expired()
        return self._backups.interval

    def write_metrics(self, *, failed: bool | None = None) -> None:
        """Write the metrics file of the backups. ``None`` keeps the result of the last run that had one."""
        file = self._paths.backup_metrics
        try:
            previous = file.read_text() if file.exists() else ""
            failed = "etcd_backup_failed 1" in previous if failed is None else failed
            text = backup_metrics(
                best_backup(self._known),
                interval=self._backups.interval,
                failed=failed or self._paths.unfinished_backup.exists() or not self._has_tools(),
                previous="" if self._listed else previous,
            )
            _write_even_on_a_full_disk(file, text)
        except OSError as error:
            warn(f"cannot write {file}: {error.strerror}")

    def _seconds_until_turn(self, order: UploadOrder, now: float) -> float | None:
        """Seconds until this member's turn, by the newest backup's age or by the request. ``None``: it is its turn."""
        newest = last_upload(self._known)
        # Without any backup, the first listing starts the wait, so that other members can take over.
        age = now - (newest.modified if newest else self._empty_since(now) - self._backups.interval)
        schedules = [(age, self._backups.interval, self._backups.grace)]
        if self.request is not None:
            schedules.append((self.request.age, 0.0, REQUEST_GRACE))
        turns = [
            upload_turn(
                self._settings.name, order.order, order.following, age=age, interval=interval, grace=grace
            )
            for age, interval, grace in schedules
        ]
        waits = [turn.seconds for turn in turns if isinstance(turn, UploadLater)]
        return min(waits) if len(waits) == len(turns) else None

    def _has_tools(self) -> bool:
        return all(self._paths.program(tool).exists() for tool in ("etcdctl", "etcdutl"))

    def _list(self) -> float:
        listing = self._bucket.list(self._backups.prefix)
        self._listed = True
        self._known = of_cluster(backups_in(listing.objects), self._settings.token)
        return listing.now

    def _upload_order(self, *, at_once: bool) -> UploadOrder:
        """Raises ``NotAskedError`` while this member does not upload: its etcd does not run, or it is a learner.

        Raises ``BackupError`` when its etcd refuses to tell, and for ``at_once``.
        """
        client, me, known = self._client, self._me, read_members(self._paths.hosts)
        try:
            # A quorum confirms the list through this very member. So the member has caught up with everything
            # that was acknowledged before.
            confirmed = ClusterClient(client, [me]).list_members()
            own = read_status(client, me)
        except (RefusalError, RefusedError) as error:
            raise BackupError(f"this member's etcd refuses to say whose turn it is: {error}") from None
        except (NoQuorumError, NoAnswerError) as error:
            if at_once:
                raise BackupError(f"this member's etcd is not ready: {error}") from None
            raise NotAskedError from None
        voters = {member.host: member.id for member in confirmed.members if not member.learner}
        if self._settings.name not in voters:
            if at_once:
                raise BackupError("this member is a learner: it may not have caught up yet")
            raise NotAskedError
        order = sorted(voters, key=lambda name: (voters[name] == own.leader, name))
        others = [MemberAddress(name, known[name]) for name in order if name in known and name != me.name]
        return UploadOrder(
            tuple(order), frozenset({me.name, *_following(client, others)}), own.database, confirmed.cluster
        )

    def _empty_since(self, now: float) -> float:
        """The time at which this member first found no backup in the bucket."""
        mark = self._paths.no_backup
        if not mark.exists():
            replace_text(mark, json.dumps(now), mode=0o600)
        return float(json.loads(mark.read_text()))

    def _upload(self, database: int) -> None:
        began = time.monotonic()
        self._paths.unfinished_backup.touch()
        self._paths.staging.mkdir(mode=0o700, parents=True)
        packed = take_snapshot(self._settings, self._paths, database)
        snapshot, size = packed.snapshot, packed.file.stat().st_size
        key = self._backups.prefix + snapshot.name
        self._bucket.upload(key, packed.file, snapshot.sha256, snapshot.metadata(self._settings.name))
        if (stored := self._bucket.size(key)) != size:
            # Otherwise it would count as the best backup. A negative size is unknown.
            if stored >= 0:
                with suppress(S3Error):
                    self._bucket.delete(key)
            raise BackupError(f"{key} has {stored} bytes in the bucket instead of {size}")
        self._paths.no_backup.unlink(missing_ok=True)
        self._paths.unfinished_backup.unlink()
        say(
            f"uploaded backup {snapshot.name}: revision {snapshot.revision}, {snapshot.keys} keys, "
            f"{packed.size} bytes, {size} compressed, {time.monotonic() - began:.1f} s"
        )
        before = best_backup(self._known)
        if before is not None and before.snapshot.rank > snapshot.rank:
            warn(
                f"this backup has less than {before.snapshot.name} (revision {before.snapshot.revision}, "
                f"{before.snapshot.keys} keys), which stays the one to restore"
            )

    def _delete_expired(self) -> None:
        now = self._list()
        for backup in expired(self._known, now, self._backups.retention):
            try:
                self._bucket.delete(backup.key)
            except S3Error as error:
                if error.code == "AccessDenied":
                    say(
                        "this member may not delete old backups: set a lifecycle rule on the bucket that does"
                    )
                else:
                    warn(f"cannot delete old backups, next try after the next backup: {error}")
                return
            say(f"deleted {backup.snapshot.name}, which is older than etcd:backupRetention")


def _following(client: TlsClient, members: Sequence[MemberAddress]) -> Iterator[str]:
    with ThreadPoolExecutor(max(1, len(members))) as threads:
        asked = [(member.name, threads.submit(_follows_a_leader, client, member)) for member in members]
        yield from (name for name, follows in asked if follows.result())


def _follows_a_leader(client: TlsClient, member: MemberAddress) -> bool:
    try:
        return read_status(client, member).leader != 0
    except (NoAnswerError, RefusedError):
        return False


def _write_even_on_a_full_disk(file: Path, text: str) -> None:
    try:
        replace_text(file, text, mode=0o644)
    except OSError:
        # The old file still owns a block of the disk.
        with file.open("r+") as old:
            old.write(text)
            old.truncate()


@contextmanager
def _run_lock(paths: Paths, *, wait: bool) -> Generator[bool]:
    """Yields whether no other run holds the lock. With ``wait``, waits until none does."""
    paths.run.mkdir(parents=True, exist_ok=True)
    with (paths.run / "backup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                yield False
                return
            say("waiting for the backup that this member takes already: journalctl -fu etcd-backup")
            fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(paths.staging, ignore_errors=True)
        yield True
