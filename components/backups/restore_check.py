"""Refuses a backup to restore that the members could not find, before the first run creates anything.

The members would wait for it, and the run would end after ``etcd:healthTimeoutSeconds`` with a cluster to destroy.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from ..api.http_client import in_thread
from ..config.backup_settings import BackupTarget, backup_target
from ..config.naming import in_callers_words, key_of
from ..config.settings import Settings
from ..identity.stack_state import StackState
from ..run_log import log
from ..shared.s3 import Bucket, S3Error
from ..shared.stored_backups import (
    ChoiceError,
    backups_in,
    choose_backup,
    folder_of,
    version_problem,
)
from .operator_bucket import NO_CERTIFICATE, OperatorBucket

SECONDS = 10.0
"""Seconds that a run waits for the bucket at its beginning."""

WRONG_SETTINGS = {
    "NoSuchBucket": "backupBucket",
    "InvalidAccessKeyId": "backupAccessKey",
    "SignatureDoesNotMatch": "backupSecretKey",
    NO_CERTIFICATE: "backupCaCertificate",
}
"""The error codes that members would get as well, and the key that each is about."""


class MissingBackupError(pulumi.RunError):
    """The members could not restore this backup. The text says why, and what to do."""


@dataclass(frozen=True)
class Findings:
    """What the bucket tells about the backup to restore."""

    problem: str = ""
    """Why the members could not restore it."""
    doubt: str = ""
    """Why the bucket was not asked. That says nothing about the backup."""


async def check_restore(settings: Settings, cluster: str, stack: StackState) -> None:
    """Raise ``MissingBackupError`` if the first run of a cluster names a backup that its members could not restore.

    Later runs have no use for the backup, and it may be gone.
    """
    target = backup_target(settings, cluster=cluster, region=settings.region)
    if not settings.restore_from or target is None or stack.token:
        return
    found = await in_thread(lambda: look_for(settings, target, OperatorBucket(target, seconds=SECONDS)))
    if found.problem:
        raise MissingBackupError(f"{found.problem}. Nothing was changed")
    if found.doubt:
        log.warn(found.doubt)


def look_for(settings: Settings, target: BackupTarget, bucket: Bucket) -> Findings:
    """Choose the backup in the bucket as the members would."""
    named = f"{key_of('restoreFrom')} is {settings.restore_from}"
    folder = folder_of(settings.restore_from, target.prefix)
    try:
        backup = choose_backup(backups_in(bucket.list(folder).objects), settings.restore_from)
    except ChoiceError as error:
        return Findings(
            f"{named}: {error}. The bucket {target.bucket} was searched below {folder}. Write the folders of a backup "
            "of another cluster, FOLDER/NAME, and adopt a snapshot of another origin first: docs/backup.md"
        )
    except S3Error as error:
        if key := WRONG_SETTINGS.get(error.code):
            return Findings(f"{named}, and the bucket cannot be asked for it: {error}. Correct {key_of(key)}")
        return Findings(
            doubt=f"{named}, and this machine cannot see whether the bucket has it: {error}. If the members do not "
            f"find it either, they wait for it, and this run fails after {key_of('healthTimeoutSeconds')}"
        )
    problem = version_problem(backup.snapshot, settings.version)
    return Findings(f"{named}: {in_callers_words(problem)}" if problem else "")
