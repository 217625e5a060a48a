"""The backups in the bucket of a stack."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from components.backups.operator_bucket import OperatorBucket
from components.config.backup_settings import backup_target
from components.config.settings import Settings
from components.shared.s3 import S3Error
from components.shared.stored_backups import backups_in
from console.view.cloud import Backup

SHOWN = 20
"""So many of the newest are shown."""
TIMEOUT_SECONDS = 20.0
"""Seconds that each wait for the store may take."""


async def list_backups(settings: Settings, cluster: str) -> tuple[list[Backup] | None, str]:
    """The newest backups, the newest first, and why there are none or why they are unknown."""
    target = backup_target(settings, cluster=cluster, region=settings.region)
    if target is None:
        return [], "Backups are off: etcd:backupBucket is not set (docs/backup.md)."
    try:
        listing = await asyncio.to_thread(OperatorBucket(target, seconds=TIMEOUT_SECONDS).list, target.prefix)
    except S3Error as error:
        return None, f"{target.endpoint}/{target.bucket} does not list them: {error}"
    sizes = {one.key: one.size for one in listing.objects}
    found = sorted(backups_in(listing.objects), key=lambda one: one.snapshot.taken, reverse=True)
    return [
        Backup(
            name=one.key,
            taken=datetime.strptime(one.snapshot.taken, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp(),
            size_bytes=sizes[one.key],
            # Only the object's metadata names it, which takes a request for each.
            member="",
        )
        for one in found[:SHOWN]
    ], ""
