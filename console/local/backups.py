"""The backups of a cluster, as its members store them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from components.shared.aws_sigv4 import AccessKey
from components.shared.s3 import Bucket, BucketAccess, S3Error
from components.shared.stored_backups import backups_in
from console.view.cloud import Backup

KEPT = 50
"""The number of backups that are shown, the newest first."""
SETTINGS = "etc/etcd/backup.json"
"""Path of a member's settings, relative to its root. Only root can read them."""
OFF = "Backups are off."
NO_MEMBER = "The bucket is known from the settings of a member, and there is none."


@dataclass(frozen=True)
class Backups:
    """What the bucket has."""

    listed: list[Backup] | None = None
    problem: str = NO_MEMBER


def read_backups(roots: list[Path]) -> Backups:
    """List the bucket, by the settings of one of the members whose root folders these are. Never raises."""
    installed = [root for root in roots if (root / "etc/etcd/prepare_cluster.json").exists()]
    settings = next((root / SETTINGS for root in installed if (root / SETTINGS).exists()), None)
    if settings is None:
        return Backups(problem=OFF if installed else NO_MEMBER)
    try:
        values = json.loads(settings.read_text(encoding="utf-8"))
        key = AccessKey(values["access_key"], values["secret_key"])
        access = BucketAccess(
            values["endpoint"], values["bucket"], values["region"], key, values.get("ca_certificate", "")
        )
        objects = Bucket(access).list(values["prefix"]).objects
    except (OSError, KeyError, ValueError) as error:
        return Backups(problem=f"The settings of backups cannot be read: {error!r}")
    except S3Error as error:
        return Backups(problem=str(error))
    sizes = {one.key: one.size for one in objects}
    found = [
        Backup(
            name=one.key,
            taken=datetime.strptime(one.snapshot.taken, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp(),
            size_bytes=sizes[one.key],
            # Only the object's own metadata says who took it.
            member="",
        )
        for one in backups_in(objects)
    ]
    return Backups(sorted(found, key=lambda backup: -backup.taken)[:KEPT], "")
