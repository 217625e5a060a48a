"""What Prometheus is told of the backups: a file that is served with the facts of this machine."""

from __future__ import annotations

from datetime import UTC, datetime

from etcd_node.backup.catalog import Backup


def backup_metrics(newest: Backup | None, *, interval: float, failed: bool, before: str = "") -> str:
    """The file's text.

    ``newest`` is the newest good backup, ``interval`` the seconds between two of them, ``failed`` says that the last
    look or the last upload was in vain. What the text ``before`` this one told of a newest backup is told again when
    there is no other: its age goes on while the bucket cannot be seen.
    """
    values = {
        "etcd_backup_failed": ("Whether this member's last look or its last upload failed.", int(failed)),
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
    lines = [
        f"# HELP {name} {text}\n# TYPE {name} gauge\n{name} {value}\n"
        for name, (text, value) in values.items()
    ]
    if newest is None:
        lines += [line for line in before.splitlines(keepends=True) if "_newest_" in line]
    return "".join(lines)
