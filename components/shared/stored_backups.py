"""The backups in a bucket: what their names tell, and which one is restored.

All of it follows from a listing, since nothing else may be left when a cluster is lost. An object counts only under
the name that an upload gives it, and it has that name only when it is complete.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .backups import LATEST
from .s3 import StoredObject
from .versions import minor_version

_NAME = re.compile(
    r"(\d{8}T\d{6}Z)_r(\d+)_k(\d+)_v(\d+\.\d+\.\d+)"
    r"_([A-Za-z0-9.-]+)_([0-9a-f]{64})\.db\.gz"
)


@dataclass(frozen=True)
class Snapshot:
    """The content of a backup, as its name describes it."""

    taken: str
    """The time at which it was begun, in UTC: ``20261125T174057Z``."""
    revision: int
    keys: int
    """Number of keys that are not deleted.

    If etcd did not count them, it is what ``etcdutl snapshot status`` counts: also a record that a restore leaves, and
    with etcd 3.5 older revisions and etcd's own entries.
    """
    version: str
    """The version of etcd that took it."""
    cluster: str
    """The token of its cluster."""
    sha256: str
    """SHA-256 of the compressed object."""

    @property
    def name(self) -> str:
        """The object's name below the prefix. Names sort by time."""
        return f"{self.taken}_r{self.revision:012}_k{self.keys}_v{self.version}_{self.cluster}_{self.sha256}.db.gz"

    @property
    def rank(self) -> tuple[bool, int, str]:
        """Compares two snapshots of one cluster: the better one has keys, then a higher revision, then a later time.

        The time does not come first: a member that was cut off, or a cluster that was bootstrapped again by mistake,
        must not hide what was saved before.
        """
        return (self.keys > 0, self.revision, self.taken)

    def metadata(self, member: str) -> dict[str, str]:
        """The same values as metadata of the object, and the member that uploaded it."""
        return {
            "sha256": self.sha256,
            "revision": str(self.revision),
            "keys": str(self.keys),
            "cluster-token": self.cluster,
            "etcd-version": self.version,
            "member": member,
        }


@dataclass(frozen=True)
class Backup:
    """A snapshot in the bucket."""

    key: str
    snapshot: Snapshot
    modified: float
    """Unix time of the upload, by the server's clock."""


def backups_in(objects: Iterable[StoredObject]) -> list[Backup]:
    """The backups among a bucket's objects. Objects with other names are ignored."""
    found: list[Backup] = []
    for stored in objects:
        name = _NAME.fullmatch(stored.key.rsplit("/", 1)[-1])
        if name is not None and stored.size > 0:
            taken, revision, keys, version, cluster, sha256 = name.groups()
            snapshot = Snapshot(taken, int(revision), int(keys), version, cluster, sha256)
            found.append(Backup(stored.key, snapshot, stored.modified))
    return found


def of_cluster(backups: Iterable[Backup], cluster: str) -> list[Backup]:
    """The backups of one cluster."""
    return [backup for backup in backups if backup.snapshot.cluster == cluster]


def best_backup(backups: Collection[Backup]) -> Backup | None:
    """The newest good backup among those of one cluster."""
    return max(backups, key=lambda backup: backup.snapshot.rank, default=None)


class ChoiceError(Exception):
    """No backup can be chosen. The text says why, and what to do."""


def folder_of(wanted: str, prefix: str) -> str:
    """The folder to list for a backup: the one in its name, or else ``prefix``, which is the cluster's own."""
    folder, slash, _ = wanted.rpartition("/")
    return folder + slash or prefix


def choose_backup(backups: Collection[Backup], wanted: str) -> Backup:
    """The backup to restore: ``latest``, or one by its name or key. Raises ``ChoiceError``.

    Clusters of other names or in other folders may both be alive, so ``latest`` chooses only among those of one stack.
    Their revisions cannot be compared: if an older cluster's best backup has a higher revision than the newest
    cluster's, the newest cluster may have been bootstrapped by mistake. Then an operator must name one.
    """
    if wanted != LATEST:
        for backup in backups:
            if wanted in {backup.key, backup.key.rsplit("/", 1)[-1]}:
                return backup
        raise ChoiceError(f"there is no backup named {wanted}")
    clusters = {backup.snapshot.cluster for backup in backups}
    candidates = [
        found for cluster in clusters if (found := best_backup(of_cluster(backups, cluster))) is not None
    ]
    if not candidates:
        raise ChoiceError("there is no backup below the prefix in the bucket")
    # A recovery appends to the token. An adopted snapshot becomes the data of whichever cluster restores it.
    owners = {
        f"{re.sub('(-[0-9a-f]{16})+$', '', found.snapshot.cluster)} in {found.key.rpartition('/')[0]}/"
        for found in candidates
        if not found.snapshot.cluster.startswith("adopted-")
    }
    if len(owners) > 1:
        raise ChoiceError(f"there are backups of {', '.join(sorted(owners))}: name the one to restore")
    newest = max(candidates, key=lambda backup: backup.snapshot.taken)
    highest = max(candidates, key=lambda backup: backup.snapshot.rank)
    if highest != newest:
        raise ChoiceError(
            f"the newest backup {newest.snapshot.name} is of another cluster than {highest.snapshot.name}, "
            "which has a higher revision: name the one to restore"
        )
    return newest


def version_problem(snapshot: Snapshot, version: str) -> str:
    """Why etcd of this version cannot read a backup: it is of a newer minor version. Empty if it can."""
    if minor_version(snapshot.version) <= minor_version(version):
        return ""
    return (
        f"{snapshot.name} was made by etcd {snapshot.version}, which etcd {version} cannot read: set etcd:version "
        f"to {snapshot.version} or a later patch"
    )
