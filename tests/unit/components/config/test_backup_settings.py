"""Which values the settings of backups may have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from components.config.backup_settings import (
    LAST_BACKUP_SECONDS,
    BackupTarget,
    backup_summary,
    backup_target,
    in_seconds,
    short_deletion,
    spaces_region,
)
from tests.nodes.certificates import make_authority
from tests.unit.components.config.configuration_errors import validation_errors
from tests.unit.components.config.invalid_settings import BAD_BACKUPS
from tests.unit.components.config.valid_settings import BACKUPS, settings


def target(**changes: Any) -> BackupTarget | None:
    changed = settings(**changes)
    return backup_target(changed, cluster="etcd-etcd-fra1", region=changed.region)


def test_backups_are_off_without_a_bucket() -> None:
    assert target() is None
    assert backup_summary(settings(), None).startswith("off: set etcd:backupBucket")


def test_a_bucket_and_its_keys_are_enough() -> None:
    assert target(**BACKUPS) == BackupTarget(
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


@pytest.mark.parametrize(
    ("encryption", "headers"),
    [
        ("", {}),
        ("AES256", {"x-amz-server-side-encryption": "AES256"}),
        ("aws:kms", {"x-amz-server-side-encryption": "aws:kms"}),
        (
            "aws:kms:arn:aws:kms:eu-central-1:111122223333:key/1a2b",
            {
                "x-amz-server-side-encryption": "aws:kms",
                "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-central-1:111122223333:key/1a2b",
            },
        ),
    ],
)
def test_members_ask_for_the_encryption_that_is_set(encryption: str, headers: dict[str, str]) -> None:
    endpoint = {"backupEndpoint": "https://s3.eu-central-1.amazonaws.com"}
    uploaded = target(**BACKUPS, **endpoint, backupEncryption=encryption)
    assert uploaded is not None
    assert uploaded.as_json()["upload_headers"] == headers


def test_systemd_limits_the_last_backup_to_the_seconds_of_the_program() -> None:
    unit = Path(__file__).parents[4] / "cloud-init/units/etcd-last-backup.service"
    assert re.findall(r"^TimeoutStopSec=(\d+)$", unit.read_text(), re.MULTILINE) == [str(LAST_BACKUP_SECONDS)]


def test_a_time_for_deletions_that_a_last_backup_may_exceed_is_named() -> None:
    assert short_deletion(settings(), 10) == short_deletion(settings(**BACKUPS), 210) == ""
    warning = short_deletion(settings(**BACKUPS), 209)
    assert warning.startswith(
        "etcd:dropletTimeoutSeconds is 209: with backups on, the last backup may delay a "
    )
    assert warning.endswith("use 210 or more")


def test_the_summary_tells_where_how_often_and_how_long() -> None:
    changes = {**BACKUPS, "backupRetention": "0"}
    line = backup_summary(settings(**changes), target(**changes))
    assert line == "every 1h to https://fra1.digitaloceanspaces.com/backups/etcd-etcd-fra1/, all kept"
    assert "the-secret" not in line


@pytest.mark.parametrize(("changes", "expected"), BAD_BACKUPS)
def test_an_error_names_key_value_reason_and_way_out(changes: dict[str, Any], expected: str) -> None:
    (error,) = validation_errors(**changes)
    assert error.startswith(expected)


def test_no_error_shows_a_secret() -> None:
    for error in validation_errors(**BACKUPS, backupRetention="90m") + validation_errors(
        backupSecretKey="the-secret"
    ):
        assert "the-secret" not in error
    (error,) = validation_errors(backupSecretKey=["the-secret"])
    assert error.startswith("etcd:backupSecretKey is not a string: run pulumi config set --secret")


def test_a_file_with_certificate_and_key_is_refused_and_not_shown(tmp_path: Path) -> None:
    make_authority().issue(tmp_path, "server", "127.0.0.1")
    both = "".join((tmp_path / name).read_text() for name in ("server.pem", "server-key.pem"))
    (error,) = validation_errors(**BACKUPS, backupCaCertificate=both)
    assert error == (
        "etcd:backupCaCertificate is a private key: write the certificate of the authority alone, without any key"
    )


def test_a_certificate_of_backups_needs_a_bucket(tmp_path: Path) -> None:
    make_authority().issue(tmp_path, "server", "127.0.0.1")
    (error,) = validation_errors(backupCaCertificate=(tmp_path / "ca.pem").read_text())
    assert error.startswith("etcd:backupCaCertificate is set: backups also need a bucket")


def test_a_certificate_may_have_other_text_before_it(tmp_path: Path) -> None:
    make_authority().issue(tmp_path, "server", "127.0.0.1")
    certificate = "CA of the office\r\n" + (tmp_path / "ca.pem").read_text()
    assert settings(**BACKUPS, backupCaCertificate=certificate).backup_ca_certificate == certificate
    (error,) = validation_errors(**BACKUPS, backupCaCertificate=f"# Büro CA\n{certificate}")
    assert error.startswith(
        "etcd:backupCaCertificate is not a certificate: write the text of a PEM file, from"
    )


@pytest.mark.parametrize(("region", "endpoint", "expected"), [
    ("fra1", "", "fra1"), ("nyc1", "https://nyc3.digitaloceanspaces.com/", "nyc3"),
    ("fra1", "https://203.0.113.1:8083", "fra1"),
])  # fmt: skip
def test_the_bucket_is_created_in_the_region_of_the_endpoint(
    region: str, endpoint: str, expected: str
) -> None:
    changed = settings(**BACKUPS, region=region, backupEndpoint=endpoint, backupBucketCreate=True)
    assert spaces_region(changed, changed.region) == expected


@pytest.mark.parametrize("name", ["abc", "a--b", "1.2.3", "etcd.example.com", "b" * 63, "192.168.1.1a"])
def test_a_bucket_may_have_each_name_that_s3_allows(name: str) -> None:
    assert settings(**{**BACKUPS, "backupBucket": name}).backup_bucket == name


@pytest.mark.parametrize(
    ("bucket", "endpoint"),
    [("fra1", "https://fra1.digitaloceanspaces.com"), ("minio", "https://minio.example.com")],
)
def test_a_service_may_have_the_name_of_the_bucket(bucket: str, endpoint: str) -> None:
    named = settings(**{**BACKUPS, "backupBucket": bucket, "backupEndpoint": endpoint})
    assert named.backup_endpoint == endpoint


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("15m", 900), ("8h", 28800), ("30d", 2592000)])
def test_a_duration_is_converted_to_seconds(text: str, expected: int) -> None:
    assert in_seconds(text) == expected
