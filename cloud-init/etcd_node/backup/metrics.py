"""Prometheus metrics of the backups, as a file that the exporter serves."""

from __future__ import annotations

from datetime import UTC, datetime

from components.shared.stored_backups import Backup


def backup_metrics(newest: Backup | None, *, interval: float, failed: bool, previous: str = "") -> str:
    """The text of the metrics file.

    ``newest`` is the newest good backup. ``interval`` is the number of seconds between two backups. ``failed`` says
    that the last listing or the last upload failed. Without a ``newest``, the values of the ``previous`` text stay,
    so the age of the newest backup grows while the bucket cannot be listed.
    """
    values = {
        "etcd_backup_failed": (
            "Whether this member's last listing of the bucket or its last upload failed.",
            int(failed),
        ),
        "etcd_backup_interval_seconds": ("Seconds from one backup to the next.", int(interval)),
    }
    if newest is not None:
        taken = datetime.strptime(newest.snapshot.taken, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        values |= {
            "etcd_backup_newest_timestamp_seconds": (
                "Unix time of the newest good backup of this cluster.",
                int(taken.timestamp()),
            ),
            "etcd_backup_newest_revision": (
                "The revision of etcd in the newest good backup.",
                newest.snapshot.revision,
            ),
        }
    lines = [
        f"# HELP {name} {text}\n# TYPE {name} gauge\n{name} {value}\n"
        for name, (text, value) in values.items()
    ]
    if newest is None:
        lines += [line for line in previous.splitlines(keepends=True) if "_newest_" in line]
    return "".join(lines)
