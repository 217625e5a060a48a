"""What Prometheus is told of the backups: a file that is served with the facts of this machine."""

from __future__ import annotations

from datetime import UTC, datetime

from .backups import Backup


def backup_metrics(newest: Backup | None, *, interval: float, failed: bool) -> str:
    """The file's text.

    ``newest`` is the newest good backup, ``interval`` the seconds between two of them, ``failed`` says that the
    last try was in vain.
    """
    values = {
        "etcd_backup_failed": ("Whether this member's last try to look or to upload failed.", int(failed)),
        "etcd_backup_interval_seconds": ("How long after a backup the next one is due.", int(interval)),
    }
    if newest is not None:
        taken = datetime.strptime(newest.snapshot.taken, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        values |= {
            "etcd_backup_newest_timestamp_seconds": (
                "When the newest good backup of this cluster was taken, in Unix time.",
                int(taken.timestamp()),
            ),
            "etcd_backup_newest_revision": ("etcd's revision in it.", newest.snapshot.revision),
        }
    return "".join(
        f"# HELP {name} {text}\n# TYPE {name} gauge\n{name} {value}\n"
        for name, (text, value) in values.items()
    )
