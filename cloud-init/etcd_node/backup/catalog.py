"""Which member uploads the next backup, and which old ones are deleted. All of it follows from the bucket's listing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from components.shared.stored_backups import Backup, best_backup


def last_upload(backups: Collection[Backup]) -> Backup | None:
    """The backup that was uploaded last, good or not."""
    return max(backups, key=lambda backup: backup.modified, default=None)


def expired(backups: Collection[Backup], now: float, retention: float) -> list[Backup]:
    """Backups of one cluster that are older than ``retention`` seconds, oldest first.

    Never has the best backup or the last upload in it. A retention of 0 keeps all.
    """
    kept = {best_backup(backups), last_upload(backups)}
    old = [
        backup for backup in backups if retention and now - backup.modified > retention and backup not in kept
    ]
    return sorted(old, key=lambda backup: backup.modified)


@dataclass(frozen=True)
class UploadNow:
    """It is this member's turn to upload."""


@dataclass(frozen=True)
class UploadLater:
    """It is not this member's turn yet."""

    seconds: float
    """Seconds after which to look again, at the latest."""
    reason: str


def upload_turn(
    name: str, order: Sequence[str], following: Collection[str], *, age: float, interval: float, grace: float
) -> UploadNow | UploadLater:
    """Whether a member uploads now. All times are in seconds.

    ``following`` are the members that follow a leader. The first of them in ``order`` uploads as soon as the newest
    backup's ``age`` has reached ``interval``. Each of them behind it waits ``grace`` seconds longer. It takes over when
    those before it upload nothing, because their disk is full or they do not reach the bucket.
    """
    if age < interval:
        return UploadLater(interval - age, f"the newest backup is {age:.0f} s old")
    ahead = [member for member in order[: order.index(name)] if member in following]
    overdue = age - interval
    if overdue >= grace * len(ahead):
        return UploadNow()
    return UploadLater(grace * len(ahead) - overdue, f"it is the turn of {ahead[0]}")
