"""Where this cluster's backups go, and how often."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from etcd_node.backup.aws_sigv4 import Keys
from etcd_node.backup.s3 import Place


@dataclass(frozen=True)
class BackupSettings:
    """The content of ``/etc/etcd/backup.json``, which only root can read."""

    place: Place
    prefix: str
    """What the names of this cluster's objects begin with, up to a slash."""
    interval: float
    """Seconds between two backups."""
    retention: float
    """Seconds after which a backup may be deleted; 0 keeps all."""

    @property
    def grace(self) -> float:
        """Seconds for which a member that is due gets to upload before the next one does."""
        return max(30.0, min(self.interval / 4, 900.0))


def read_backup_settings(path: Path) -> BackupSettings | None:
    """The settings in a JSON file; ``None`` where there is none, since backups are off."""
    if not path.exists():
        return None
    values = json.loads(path.read_text())
    keys = Keys(values["access_key"], values["secret_key"])
    place = Place(values["endpoint"], values["bucket"], values["region"], keys, values["ca_certificate"])
    return BackupSettings(place, values["prefix"], values["interval"], values["retention"])
