"""A cluster whose values and backups are counted, so that a loss is noticed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.shared.s3 import StoredObject
from components.shared.stored_backups import Backup, backups_in, best_backup
from localcloud.cloud import LocalCloud
from localcloud.tokens import BACKUP_BUCKET
from testbed.cluster import UP_LIMIT, Cluster, wait_for

MEMBERS = tuple(f"etcd-server-{number}" for number in (1, 2, 3))
STOP = "systemctl stop etcd.service etcd-reconcile.service"
START = "systemctl start --no-block etcd.service etcd-reconcile.service"


@dataclass
class Losses:
    """The acknowledged values and good backups that a session has lost."""

    lost: int = 0


class Drill(Cluster):
    """A stack with backups."""

    def __init__(self, cloud: LocalCloud, folder: Path, losses: Losses, **config: Any) -> None:
        super().__init__(cloud, folder, **config)
        self._losses = losses
        self._written: dict[str, str] = {}

    def backups(self) -> list[Backup]:
        """The bucket's backups, oldest first, read from the server's folder since the server may be down."""
        folder = self.cloud.layout.objects / "buckets" / BACKUP_BUCKET
        files = sorted(file for file in folder.rglob("*.db.gz") if file.is_file())
        return backups_in(
            StoredObject(str(file.relative_to(folder)), file.stat().st_size, file.stat().st_mtime)
            for file in files
        )

    def move_backup(self, name: str, folder: str) -> None:
        """Move a backup into another folder of the bucket, in which the members do not look by themselves."""
        bucket = self.cloud.layout.objects / "buckets" / BACKUP_BUCKET
        (found,) = [one for one in self.backups() if one.snapshot.name == name]
        (bucket / folder).mkdir()
        (bucket / found.key).rename(bucket / folder / name)

    @contextmanager
    def damaged_backup(self, key: str) -> Generator[str]:
        """Store a damaged copy of a backup under another name, which is yielded."""
        bucket = self.cloud.layout.objects / "buckets" / BACKUP_BUCKET
        damaged = bucket / key.replace("_k", "_k9")
        damaged.write_bytes((bucket / key).read_bytes()[:-1])
        try:
            yield str(damaged.relative_to(bucket))
        finally:
            damaged.unlink()

    def statuses(self) -> dict[str, dict[str, Any]]:
        """Each member's status by the first label of its name, the leader last."""
        answers = json.loads(self.etcdctl("endpoint", "status", "-w", "json"))
        found = {one["Endpoint"].split("//")[1].split(".")[0]: one["Status"] for one in answers}
        return dict(
            sorted(found.items(), key=lambda one: (one[1]["leader"] == one[1]["header"]["member_id"], one[0]))
        )

    def write(self, label: str, count: int = 40) -> None:
        """Write values and remember them."""
        values = {f"/drill/{label}/{number}": f"{label} {number}" for number in range(count)}
        script = "".join(
            f"etcdctl put {key} '{value}' >/dev/null || exit 1\n" for key, value in values.items()
        )
        result = self.run("sh", "-c", script, limit=UP_LIMIT)
        assert result.returncode == 0, result.stdout
        self._written |= values

    def fill(self, megabytes: int) -> None:
        """Write incompressible values without remembering them."""
        script = (
            f"for number in $(seq {megabytes * 10}); do head -c 75000 /dev/urandom | base64 -w 0 "
            "| etcdctl put /fill/$number >/dev/null || exit 1; done"
        )
        result = self.run("sh", "-c", script, limit=UP_LIMIT)
        assert result.returncode == 0, result.stdout

    def sha256(self, backup: Backup) -> str:
        """SHA-256 of a stored backup."""
        file = self.cloud.layout.objects / "buckets" / BACKUP_BUCKET / backup.key
        return hashlib.sha256(file.read_bytes()).hexdigest()

    def count_losses(self) -> None:
        """Assert that every remembered value is there."""
        lines = self.etcdctl("get", "--prefix", "/drill/").splitlines()
        there = dict(zip(lines[::2], lines[1::2], strict=False))
        missing = {key for key, value in self._written.items() if there.get(key) != value}
        self._losses.lost += len(missing)
        assert not missing

    def forget(self, values_after: Collection[str] = ()) -> None:
        """Do not expect these values any more: the drill gave them up deliberately."""
        for label in values_after:
            self._written = {
                key: value for key, value in self._written.items() if not key.startswith(f"/drill/{label}/")
            }

    def keeps(self, before: Collection[Backup]) -> None:
        """Assert that no good backup is gone or hidden by a worse one."""
        now = self.backups()
        gone = {backup.key for backup in before} - {backup.key for backup in now}
        good, still = best_backup(before), best_backup(now)
        hidden = good is not None and (still is None or still.snapshot.rank < good.snapshot.rank)
        self._losses.lost += len(gone) + hidden
        assert not gone
        assert not hidden

    def wait_for_backup(self, before: Collection[Backup], limit: float = 150) -> Backup:
        """Wait for the next backup."""
        known = {backup.key for backup in before}
        found = wait_for(
            lambda: [backup for backup in self.backups() if backup.key not in known],
            bool,
            "new backup",
            limit,
        )
        return found[0]

    def uploader(self, backup: Backup) -> str:
        """Which member uploaded a backup. Its journal says so a moment after the upload."""
        (found,) = wait_for(
            lambda: [one for one in MEMBERS if f"backup {backup.snapshot.name}:" in self.journal(one)],
            bool,
            f"member that says it uploaded {backup.snapshot.name}",
        )
        return found

    def leadership(self) -> set[tuple[int, int]]:
        """The leader and its term. The leader is the last in the order of uploads."""
        answers = json.loads(self.etcdctl("endpoint", "status", "-w", "json"))
        return {(answer["Status"]["leader"], answer["Status"]["raftTerm"]) for answer in answers}
