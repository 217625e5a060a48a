"""Settings of the backups: the bucket, its keys, and the times."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from components.shared.aws_sigv4 import AccessKey
from components.shared.s3 import BucketAccess


@dataclass(frozen=True)
class BackupSettings:
    """The content of ``/etc/etcd/backup.json``, which only root can read."""

    access: BucketAccess
    prefix: str
    """The start of the names of this cluster's objects, up to a slash."""
    interval: float
    """Seconds between two backups."""
    retention: float
    """Seconds after which a backup may be deleted; 0 keeps all."""

    @property
    def grace(self) -> float:
        """Seconds that each member has to upload, once it is due, before the next one in order does."""
        return max(30.0, min(self.interval / 4, 900.0))


def read_backup_settings(path: Path) -> BackupSettings | None:
    """The settings in a JSON file. ``None`` without the file: then backups are off."""
    if not path.exists():
        return None
    values = json.loads(path.read_text())
    key = AccessKey(values["access_key"], values["secret_key"])
    access = BucketAccess(
        values["endpoint"],
        values["bucket"],
        values["region"],
        key,
        values["ca_certificate"],
        values["upload_headers"],
    )
    return BackupSettings(access, values["prefix"], values["interval"], values["retention"])
