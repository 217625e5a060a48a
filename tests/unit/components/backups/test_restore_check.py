"""Which backups to restore are refused before a run creates anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.backups import restore_check
from components.backups.restore_check import MissingBackupError, check_restore, look_for
from components.config.backup_settings import BackupTarget, backup_target
from components.config.settings import Settings
from components.identity.stack_state import StackState
from components.shared.s3 import Bucket, Listing, S3Error, StoredObject
from components.shared.stored_backups import Snapshot

SNAPSHOT = Snapshot("20261125T174057Z", 17, 5, "3.6.14", "etcd-prod-0a1b", "ab" * 32)
KEY = f"etcd-prod/{SNAPSHOT.name}"
NEW = StackState(frozenset(), frozenset(), "", frozenset(), frozenset(), frozenset())
CLUSTER = "etcd-etcd-new"


class FakeBucket(Bucket):
    """A bucket with one backup of another cluster, or one that answers with an error."""

    asked = 0

    def __init__(self, error: S3Error | None = None) -> None:
        self.error = error

    def list(self, prefix: str) -> Listing:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return Listing((StoredObject(KEY, 10, 1.0),) if KEY.startswith(prefix) else (), 2.0)


def settings(**changes: Any) -> Settings:
    return Settings.model_validate(
        {
            "domain": "etcd.example.com",
            "zone": "example.com",
            "discoveryToken": "dop_v1_" + "a" * 64,
            "clientCidrs": ["198.51.100.0/24"],
            "backupBucket": "backups",
            "backupAccessKey": "id",
            "backupSecretKey": "secret",
            "restoreFrom": KEY,
            **changes,
        }
    )


def target(of: Settings) -> BackupTarget:
    found = backup_target(of, cluster=CLUSTER, region=of.region)
    assert found is not None
    return found


def findings(bucket: Bucket, **changes: Any) -> restore_check.Findings:
    configured = settings(**changes)
    return look_for(configured, target(configured), bucket)


def test_a_backup_of_another_folder_is_found() -> None:
    assert findings(FakeBucket()) == restore_check.Findings()
    assert findings(FakeBucket(), restoreFrom="latest", backupPrefix="etcd-prod/") == restore_check.Findings()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (KEY.replace("_k5", "_k6"), "there is no backup named etcd-prod/"),
        (SNAPSHOT.name, "was searched below etcd-etcd-new/"),
        ("latest", "there is no backup below the prefix in the bucket"),
    ],
)
def test_a_name_that_members_could_not_find_is_a_problem(name: str, reason: str) -> None:
    found = findings(FakeBucket(), restoreFrom=name)
    assert found.problem.startswith(f"etcd:restoreFrom is {name}: there is no backup")
    assert reason in found.problem
    assert "docs/backup.md" in found.problem


def test_a_backup_of_a_newer_minor_version_is_a_problem() -> None:
    assert "was made by etcd 3.6.14, which etcd 3.5.33 cannot read" in (
        findings(FakeBucket(), version="3.5.33").problem
    )


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("NoSuchBucket", "etcd:backupBucket"),
        ("InvalidAccessKeyId", "etcd:backupAccessKey"),
        ("SignatureDoesNotMatch", "etcd:backupSecretKey"),
    ],
)
def test_wrong_settings_of_the_bucket_are_a_problem(code: str, key: str) -> None:
    found = findings(FakeBucket(S3Error(f"GET /backups answers 404 {code}", code)))
    assert f"answers 404 {code}. Correct {key}" in found.problem


@pytest.mark.parametrize(
    "error",
    [
        S3Error("https://fra1.digitaloceanspaces.com does not answer"),
        S3Error("GET /backups answers 503 SlowDown", "SlowDown"),
        # The bucket's policy may allow the droplets' addresses alone.
        S3Error("GET /backups answers 403 AccessDenied", "AccessDenied"),
    ],
)
def test_a_bucket_that_is_away_is_no_problem_but_a_doubt(error: S3Error) -> None:
    found = findings(FakeBucket(error))
    assert found.problem == ""
    assert f"this machine cannot see whether the bucket has it: {error}" in found.doubt


async def test_a_first_run_is_refused_and_a_later_one_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = FakeBucket()
    monkeypatch.setattr(restore_check, "OperatorBucket", lambda *_, **__: bucket)
    wrong = settings(restoreFrom="nothing.db.gz")
    with pytest.raises(MissingBackupError, match=r"no backup named nothing\.db\.gz.*Nothing was changed"):
        await check_restore(wrong, CLUSTER, NEW)
    await check_restore(settings(), CLUSTER, NEW)
    assert bucket.asked == 2
    await check_restore(wrong, CLUSTER, replace(NEW, token=f"{CLUSTER}-0a1b"))
    await check_restore(settings(restoreFrom=""), CLUSTER, NEW)
    assert bucket.asked == 2
