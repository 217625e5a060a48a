"""Backups in a bucket, each named by the hour at which it was taken."""

from __future__ import annotations

from dataclasses import replace

from components.shared.stored_backups import Backup, Snapshot

SNAPSHOT = Snapshot("20261125T174057Z", 17, 5, "3.6.14", "etcd-etcd-fra1-0a1b", "ab" * 32)
HOUR = 3600.0


def backup(hour: int, revision: int, *, keys: int = 5, cluster: str = "c") -> Backup:
    """A backup that was taken and uploaded at the beginning of an hour."""
    snapshot = replace(
        SNAPSHOT, taken=f"20261125T{hour:02}0000Z", revision=revision, keys=keys, cluster=cluster
    )
    return Backup(f"p/{snapshot.name}", snapshot, hour * HOUR)
