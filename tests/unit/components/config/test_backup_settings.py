"""What a configuration may say of backups."""

from __future__ import annotations

from typing import Any

import pytest

from components.config.backup_settings import BackupTarget, backup_target, seconds, spaces_region, summary
from components.config.settings import Settings
from tests.unit.components.config.test_settings import GOOD, errors_of

ON = {"backupBucket": "backups", "backupAccessKey": "access", "backupSecretKey": "the-secret"}


def target(**changes: Any) -> BackupTarget | None:
    settings = Settings.model_validate({**GOOD, **changes})
    return backup_target(settings, cluster="etcd-etcd-fra1", region=settings.region)


def test_backups_are_off_unless_a_bucket_is_named() -> None:
    assert target() is None
    assert summary(Settings.model_validate(GOOD), None).startswith("off: set etcd:backupBucket")


def test_a_bucket_and_its_keys_are_enough() -> None:
    assert target(**ON) == BackupTarget(
        endpoint="https://fra1.digitaloceanspaces.com",
        bucket="backups",
        region="fra1",
        prefix="etcd-etcd-fra1/",
        interval=3600,
        retention=30 * 86400,
        access_key="access",
        secret_key="the-secret",
        ca_certificate="",
    )


def test_the_output_says_where_how_often_and_how_long() -> None:
    settings = Settings.model_validate({**GOOD, **ON, "backupRetention": "0"})
    line = summary(settings, target(**ON, backupRetention="0"))
    assert line == "every 1h to https://fra1.digitaloceanspaces.com/backups/etcd-etcd-fra1/, all kept"
    assert "the-secret" not in line


@pytest.mark.parametrize(("changes", "expected"), [
    ({"backupAccessKey": "access"},
     "etcd:backupAccessKey is set: backups need a bucket as well: set etcd:backupBucket"),
    ({"backupEndpoint": "https://s3.example.com"}, "etcd:backupEndpoint is set: backups need a bucket as well"),
    ({"backupBucket": "backups", "backupAccessKey": "access"},
     "etcd:backupSecretKey is not set: the bucket backups needs it: pulumi config set --secret etcd:backupSecretKey"),
    ({"backupBucket": "backups"}, "etcd:backupAccessKey is not set: the bucket backups needs it"),
    ({**ON, "backupEndpoint": "http://s3.example.com"},
     "etcd:backupEndpoint is http://s3.example.com: write https:// and a host"),
    ({**ON, "backupEndpoint": "https://s3.example.com/bucket"},
     "etcd:backupEndpoint is https://s3.example.com/bucket: write https:// and a host"),
    ({**ON, "backupBucket": "My_Bucket"}, "etcd:backupBucket is My_Bucket: write a bucket's name"),
    ({**ON, "backupPrefix": "etcd"}, "etcd:backupPrefix is etcd: write folders that end with a slash"),
    ({**ON, "backupInterval": "30s"}, "etcd:backupInterval is 30s: write a duration of at least one minute"),
    ({**ON, "backupInterval": "1 hour"}, "etcd:backupInterval is 1 hour: write a duration"),
    ({**ON, "backupRetention": "forever"}, "etcd:backupRetention is forever: write a duration such as 30d"),
    ({**ON, "backupRetention": "90m"}, "etcd:backupRetention is 90m: keep them for at least two intervals of 1h"),
    ({**ON, "backupCaCertificate": "ca.pem"}, "etcd:backupCaCertificate is ca.pem: write a PEM certificate"),
    ({"backupBucketCreate": True}, "etcd:backupBucketCreate is set: backups need a bucket as well"),
    ({**ON, "backupBucketCreate": "perhaps"}, "etcd:backupBucketCreate is perhaps: Input should be a valid boolean"),
    ({**ON, "backupBucketCreate": True, "region": "nyc1"},
     "etcd:backupBucketCreate is true: DigitalOcean has no Spaces in nyc1: set etcd:backupEndpoint to those of"),
    ({**ON, "backupBucketCreate": True, "backupEndpoint": "https://lon9.digitaloceanspaces.com"},
     "etcd:backupBucketCreate is true: DigitalOcean has no Spaces in lon9"),
    ({"restoreFrom": "latest"}, "etcd:restoreFrom is latest: there is no bucket to restore from"),
    ({**ON, "restoreFrom": "yesterday"}, "etcd:restoreFrom is yesterday: write latest, or the name of a backup"),
])  # fmt: skip
def test_a_wrong_key_is_named_with_its_value_and_the_way_out(changes: dict[str, Any], expected: str) -> None:
    (error,) = errors_of(**changes)
    assert error.startswith(expected)


def test_no_error_shows_a_secret() -> None:
    for error in errors_of(**ON, backupRetention="90m") + errors_of(backupSecretKey="the-secret"):
        assert "the-secret" not in error
    (error,) = errors_of(backupSecretKey=["the-secret"])
    assert error.startswith("etcd:backupSecretKey is not shown:")


@pytest.mark.parametrize(("region", "endpoint", "expected"), [
    ("fra1", "", "fra1"), ("nyc1", "https://nyc3.digitaloceanspaces.com/", "nyc3"),
    ("fra1", "https://203.0.113.1:8083", "fra1"),
])  # fmt: skip
def test_a_bucket_is_made_in_the_region_of_the_endpoint_that_members_use(
    region: str, endpoint: str, expected: str
) -> None:
    changes = {"region": region, "backupEndpoint": endpoint, "backupBucketCreate": "true"}
    settings = Settings.model_validate({**GOOD, **ON, **changes})
    assert spaces_region(settings, settings.region) == expected


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("15m", 900), ("8h", 28800), ("30d", 2592000)])
def test_a_duration_in_seconds(text: str, expected: int) -> None:
    assert seconds(text) == expected
