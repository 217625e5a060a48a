"""Backups as their names in the bucket tell: which one is good, whose turn it is, and what is old enough to go.

All of it is decided from a listing, since nothing else is there when a cluster is lost. An object counts only
under the name that an upload gives it, and it has that name only when it is whole.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from etcd_node.backup.s3 import Stored

_NAME = re.compile(
    r"(\d{8}T\d{6}Z)_r(\d+)_k(\d+)_v(\d+\.\d+\.\d+)"
    r"_([A-Za-z0-9.-]+)_([0-9a-f]{64})\.db\.gz"
)


@dataclass(frozen=True)
class Snapshot:
    """What a backup holds."""

    taken: str
    """When it was begun, in UTC: ``20261125T174057Z``."""
    revision: int
    keys: int
    """Keys in it, with the revisions of them that were not compacted yet."""
    version: str
    """The version of etcd that took it."""
    cluster: str
    """The token of the cluster that it is of."""
    sha256: str
    """Of the object, which is compressed."""

    @property
    def name(self) -> str:
        """Its name below the prefix. Names sort by time."""
        return f"{self.taken}_r{self.revision:012}_k{self.keys}_v{self.version}_{self.cluster}_{self.sha256}.db.gz"

    @property
    def worth(self) -> tuple[bool, int, str]:
        """What makes one snapshot of a cluster better than another: that it has keys, its revision, its time.

        Not its time first: a member that was cut off, or a cluster that was founded anew by mistake, must not
        hide what was saved before.
        """
        return (self.keys > 0, self.revision, self.taken)


@dataclass(frozen=True)
class Backup:
    """A snapshot in the bucket."""

    key: str
    snapshot: Snapshot
    modified: float
    """Unix time by the server's clock."""


def backups_in(objects: Iterable[Stored]) -> list[Backup]:
    """The backups among a bucket's objects; anything else is not ours."""
    found: list[Backup] = []
    for stored in objects:
        name = _NAME.fullmatch(stored.key.rsplit("/", 1)[-1])
        if name is not None and stored.size > 0:
            taken, revision, keys, version, cluster, sha256 = name.groups()
            snapshot = Snapshot(taken, int(revision), int(keys), version, cluster, sha256)
            found.append(Backup(stored.key, snapshot, stored.modified))
    return found


def of_cluster(backups: Iterable[Backup], cluster: str) -> list[Backup]:
    """Those of one cluster."""
    return [backup for backup in backups if backup.snapshot.cluster == cluster]


def best(backups: Collection[Backup]) -> Backup | None:
    """The newest good backup of a cluster, given its backups."""
    return max(backups, key=lambda backup: backup.snapshot.worth, default=None)


def latest(backups: Collection[Backup]) -> Backup | None:
    """The one uploaded last, good or not."""
    return max(backups, key=lambda backup: backup.modified, default=None)


def expired(backups: Collection[Backup], now: float, retention: float) -> list[Backup]:
    """Backups of one cluster that are older than ``retention`` seconds, oldest first; never the best or the last.

    A retention of 0 keeps all.
    """
    kept = {best(backups), latest(backups)}
    old = [
        backup for backup in backups if retention and now - backup.modified > retention and backup not in kept
    ]
    return sorted(old, key=lambda backup: backup.modified)


@dataclass(frozen=True)
class Upload:
    """It is this member's turn."""


@dataclass(frozen=True)
class Later:
    """It is not."""

    seconds: float
    """When to look again, at the latest."""
    reason: str


def turn(
    name: str, order: Sequence[str], healthy: Collection[str], *, age: float, interval: float, grace: float
) -> Upload | Later:
    """Whether a member uploads now.

    The first healthy member in ``order`` does, as soon as the newest backup's ``age`` has reached ``interval``.
    Each one behind it waits ``grace`` seconds more: it takes over from those that are healthy and yet upload
    nothing, because their disk is full or they do not reach the bucket. All are seconds.
    """
    if age < interval:
        return Later(interval - age, f"the newest backup is {age:.0f} s old")
    ahead = [member for member in order[: order.index(name)] if member in healthy]
    overdue = age - interval
    if overdue >= grace * len(ahead):
        return Upload()
    return Later(grace * len(ahead) - overdue, f"it is {ahead[0]}'s turn")


class ChoiceError(Exception):
    """No backup can be chosen; the text says why, and what to do."""


def choose(backups: Collection[Backup], wanted: str) -> Backup:
    """The backup to restore: ``latest``, or one by its name. Raises ``ChoiceError``.

    Revisions of different clusters cannot be compared. Where an older cluster's best backup has a higher
    revision than the newest cluster's, the newest may have been founded by mistake: somebody must name one.
    """
    if wanted != "latest":
        for backup in backups:
            if wanted in {backup.key, backup.key.rsplit("/", 1)[-1]}:
                return backup
        raise ChoiceError(f"there is no backup named {wanted}")
    clusters = {backup.snapshot.cluster for backup in backups}
    candidates = [found for cluster in clusters if (found := best(of_cluster(backups, cluster))) is not None]
    if not candidates:
        raise ChoiceError("there is no backup")
    newest = max(candidates, key=lambda backup: backup.snapshot.taken)
    most = max(candidates, key=lambda backup: backup.snapshot.worth)
    if most != newest:
        raise ChoiceError(
            f"the newest backup {newest.snapshot.name} is of another cluster than {most.snapshot.name}, "
            "which has a higher revision: name the one to restore"
        )
    return newest


def minor(version: str) -> tuple[int, int]:
    """Major and minor number of a version of etcd."""
    first, second, *_ = version.split(".")
    return int(first), int(second)
