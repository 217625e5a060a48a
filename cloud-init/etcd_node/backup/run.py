"""From time to time on every member: is a backup due, is it this member's turn, and what may be deleted?"""

from __future__ import annotations

import fcntl
import json
import shutil
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from etcd_node.backup.catalog import Backup, Later, backups_in, best, expired, latest, of_cluster, turn
from etcd_node.backup.metrics import backup_metrics
from etcd_node.backup.request import PATIENCE, Request, confirm, pending
from etcd_node.backup.s3 import Bucket, S3Error
from etcd_node.backup.settings import BackupSettings, read_backup_settings
from etcd_node.backup.snapshot import SnapshotError, take
from etcd_node.backup.upload_lock import claimed
from etcd_node.etcd.client import ClusterClient, NoQuorumError, RefusedError, read_status
from etcd_node.etcd.membership import cluster_name
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient
from etcd_node.host.atomic_write import replace_text
from etcd_node.host.hosts_file import read_members
from etcd_node.host.journal import say, warn
from etcd_node.host.settings import Paths, Settings

LOOK = 600.0
"""Seconds after which the bucket is looked at again, whatever was seen."""

RETRY = 60.0
"""Seconds after a failure."""


class BackupError(Exception):
    """No backup this time. The text fits on one line and has no secret."""


@dataclass(frozen=True)
class Standing:
    """Where this member stands among the others."""

    order: tuple[str, ...]
    """Voters in the order in which they upload: the leader, which has most to do, is the last."""
    healthy: frozenset[str]
    database: int
    """Bytes of this member's database."""
    cluster: int
    """The cluster's id."""


def run(settings: Settings, places: Paths, *, at_once: bool) -> None:
    """One look by the timer, or a backup at once. Ends the program with a status when something failed."""
    if (backups := read_backup_settings(places.backup)) is None:
        sys.exit("backups are off: set etcd:backupBucket and its keys, see docs/backup.md")
    if not back_up(settings, places, backups, at_once=at_once):
        sys.exit(1)


def back_up(settings: Settings, places: Paths, backups: BackupSettings, *, at_once: bool = False) -> bool:
    """Do what is to be done now; whether nothing failed. ``at_once`` makes a backup whoever's turn it is."""
    with _alone(places, wait=at_once) as alone:
        if not alone:
            return True
        run = _Run(settings, places, backups)
        if not (at_once or run.request or _is_time(places, backups)):
            return True
        try:
            pause = run.go(at_once=at_once)
        except (BackupError, S3Error, SnapshotError, OSError) as error:
            warn(f"no backup: {error}")
            replace_text(places.next_backup, json.dumps(time.time() + min(RETRY, backups.grace)), mode=0o600)
            run.note(failed=True)
            return False
        finally:
            shutil.rmtree(places.staging, ignore_errors=True)
        replace_text(places.next_backup, json.dumps(time.time() + min(pause, LOOK)), mode=0o600)
        run.note(failed=False)
        return True


class _Run:
    def __init__(self, settings: Settings, places: Paths, backups: BackupSettings) -> None:
        self._settings = settings
        self._places = places
        self._backups = backups
        self._bucket = Bucket(backups.place)
        self._known: list[Backup] = []
        """This cluster's backups as last listed."""
        self._listed = False
        self._client = TlsClient(places.etc)
        self._hosts = read_members(places.hosts)
        self._me = MemberAddress(settings.name, self._hosts.get(settings.name, settings.listen))
        self.request: Request | None = pending(self._client, self._me)
        """What a run of the program waits for."""

    def go(self, *, at_once: bool) -> float:
        """Seconds until the next look."""
        if not self._has_tools():
            if at_once:
                raise BackupError("etcdctl and etcdutl are not installed yet")
            return 0
        standing = self._standing(at_once=at_once)
        if standing is None:
            return 0
        self._settings = replace(self._settings, token=cluster_name(self._settings, standing.cluster))
        now = self._list()
        if not at_once and (wait := self._until_turn(standing, now)) is not None:
            return wait
        with claimed(self._client, self._me) as alone:
            if not at_once:
                if not alone:
                    return 0
                # Another one's upload may have ended just before.
                self.request = pending(self._client, self._me)
                if (wait := self._until_turn(standing, self._list())) is not None:
                    return wait
            self._upload(standing.database)
            if self.request is not None:
                confirm(self._client, self._me, self.request)
        self._prune()
        return self._backups.interval

    def _until_turn(self, standing: Standing, now: float) -> float | None:
        """Seconds until this member's turn, by the newest backup's age or by the request; ``None`` when it is."""
        newest = latest(self._known)
        # Without any backup the wait begins with the bucket's first look, so that others can take over.
        age = now - (newest.modified if newest else self._since(now) - self._backups.interval)
        reasons = [(age, self._backups.interval, self._backups.grace)]
        if self.request is not None:
            reasons.append((self.request.age, 0.0, PATIENCE))
        name, order, healthy = self._settings.name, standing.order, standing.healthy
        steps = [
            turn(name, order, healthy, age=age, interval=interval, grace=grace)
            for age, interval, grace in reasons
        ]
        waits = [step.seconds for step in steps if isinstance(step, Later)]
        return min(waits) if len(waits) == len(steps) else None

    def note(self, *, failed: bool) -> None:
        """Leave what is known of the backups to Prometheus."""
        file = self._places.backup_metrics
        try:
            text = backup_metrics(
                best(self._known),
                interval=self._backups.interval,
                failed=failed or self._places.unfinished_backup.exists() or not self._has_tools(),
                before=file.read_text() if file.exists() and not self._listed else "",
            )
            _tell(file, text)
        except OSError as error:
            warn(f"cannot write {file}: {error.strerror}")

    def _has_tools(self) -> bool:
        return all(self._places.program(tool).exists() for tool in ("etcdctl", "etcdutl"))

    def _list(self) -> float:
        listing = self._bucket.list(self._backups.prefix)
        self._listed = True
        self._known = of_cluster(backups_in(listing.objects), self._settings.token)
        return listing.now

    def _standing(self, *, at_once: bool) -> Standing | None:
        """``None`` while this member is none of those that upload: its etcd does not run, or has no vote yet."""
        client, me, known = self._client, self._me, self._hosts
        try:
            # Confirmed by a quorum through this very member, which so has caught up with everything that
            # was acknowledged before.
            confirmed = ClusterClient(client, [me]).list_members()
            own = read_status(client, me)
        except (NoQuorumError, NoAnswerError, RefusedError) as error:
            if at_once:
                raise BackupError(f"this member's etcd is not ready: {error}") from None
            return None
        voters = {member.host: member.id for member in confirmed.members if not member.learner}
        if self._settings.name not in voters:
            if at_once:
                raise BackupError("this member has no vote yet: it may not have caught up")
            return None
        order = sorted(voters, key=lambda name: (voters[name] == own.leader, name))
        others = [MemberAddress(name, known[name]) for name in order if name in known and name != me.name]
        return Standing(
            tuple(order), frozenset({me.name, *_healthy(client, others)}), own.database, confirmed.cluster
        )

    def _since(self, now: float) -> float:
        """When this member first saw that there is no backup at all."""
        mark = self._places.no_backup
        if not mark.exists():
            replace_text(mark, json.dumps(now), mode=0o600)
        return float(json.loads(mark.read_text()))

    def _upload(self, database: int) -> None:
        began = time.monotonic()
        self._places.unfinished_backup.touch()
        self._places.staging.mkdir(mode=0o700, parents=True)
        package = take(self._settings, self._places, database)
        snapshot, size = package.snapshot, package.file.stat().st_size
        key = self._backups.prefix + snapshot.name
        self._bucket.put(
            key,
            package.file,
            snapshot.sha256,
            {
                "sha256": snapshot.sha256,
                "revision": str(snapshot.revision),
                "keys": str(snapshot.keys),
                "cluster-token": snapshot.cluster,
                "etcd-version": snapshot.version,
                "member": self._settings.name,
            },
        )
        if (stored := self._bucket.size(key)) != size:
            raise BackupError(f"{key} has {stored} bytes in the bucket, and {size} were sent")
        self._places.no_backup.unlink(missing_ok=True)
        self._places.unfinished_backup.unlink()
        say(
            f"backup {snapshot.name}: revision {snapshot.revision}, {snapshot.keys} keys, {package.size} bytes, "
            f"{size} compressed, {time.monotonic() - began:.1f} s"
        )
        before = best(self._known)
        if before is not None and before.snapshot.worth > snapshot.worth:
            warn(
                f"it holds less than {before.snapshot.name}, which stays the one that is restored: "
                f"revision {before.snapshot.revision}, {before.snapshot.keys} keys"
            )

    def _prune(self) -> None:
        now = self._list()
        for backup in expired(self._known, now, self._backups.retention):
            try:
                self._bucket.delete(backup.key)
            except S3Error as error:
                if error.code == "AccessDenied":
                    say(
                        "the bucket's policy keeps old backups from being deleted here: its lifecycle rule does"
                    )
                else:
                    warn(f"old backups stay for now: {error}")
                return
            say(f"deleted {backup.snapshot.name}, which is older than etcd:backupRetention")


def _healthy(client: TlsClient, members: Sequence[MemberAddress]) -> Iterator[str]:
    with ThreadPoolExecutor(max(1, len(members))) as threads:
        asked = [(member.name, threads.submit(_follows_a_leader, client, member)) for member in members]
        yield from (name for name, follows in asked if follows.result())


def _follows_a_leader(client: TlsClient, member: MemberAddress) -> bool:
    try:
        return read_status(client, member).leader != 0
    except (NoAnswerError, RefusedError):
        return False


def _tell(file: Path, text: str) -> None:
    try:
        replace_text(file, text, mode=0o644)
    except OSError:
        # On a full disk the file still has the block that it lies in.
        with file.open("r+") as old:
            old.write(text)
            old.truncate()


def _is_time(places: Paths, backups: BackupSettings) -> bool:
    try:
        due = float(json.loads(places.next_backup.read_text()))
    except (OSError, ValueError, TypeError):
        return True
    now = time.time()
    # A clock that was set back must not stop the backups.
    return now >= due or due - now > max(LOOK, backups.interval)


@contextmanager
def _alone(places: Paths, *, wait: bool) -> Generator[bool]:
    """Whether no other run is under way; ``wait`` until none is."""
    places.run.mkdir(parents=True, exist_ok=True)
    with (places.run / "backup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        shutil.rmtree(places.staging, ignore_errors=True)
        yield True
