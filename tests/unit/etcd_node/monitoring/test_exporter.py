"""The metrics that a machine serves beside etcd's own."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from etcd_node.monitoring.certificate_expiry import expiry_times
from etcd_node.monitoring.exporter import metrics_files

from tests.unit.etcd_node.certificates import certificate


def written(folder: Path, text: str) -> Path:
    file = folder / "certificates.pem"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    "end",
    [
        datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
        datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2050, 1, 1, tzinfo=UTC),
        datetime(2061, 7, 4, 12, 30, tzinfo=UTC),
    ],
)
def test_an_expiry_is_read_before_and_after_2050_and_of_expired_ones(end: datetime, tmp_path: Path) -> None:
    assert expiry_times(written(tmp_path, certificate(end))) == [end.timestamp()]


def test_a_file_with_several_certificates_has_several_expiry_times(tmp_path: Path) -> None:
    first, second = datetime(2030, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
    file = written(tmp_path, certificate(first) + certificate(second))
    assert expiry_times(file) == [first.timestamp(), second.timestamp()]


@pytest.mark.parametrize("broken", ["", ssl.DER_cert_to_PEM_cert(b"0\x03ab"), ssl.DER_cert_to_PEM_cert(b"")])
def test_a_file_without_a_whole_certificate_is_rejected(broken: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="certificate"):
        expiry_times(written(tmp_path, broken))


def test_a_broken_certificate_beside_a_whole_one_is_rejected(tmp_path: Path) -> None:
    whole, broken = certificate(datetime(2030, 1, 1, tzinfo=UTC)), ssl.DER_cert_to_PEM_cert(b"0\x03ab")
    for content in (whole + broken, broken + whole):
        with pytest.raises(ValueError, match="certificate"):
            expiry_times(written(tmp_path, content))


def test_complete_metrics_files_are_served_and_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "etcd_backup.prom").write_text("etcd_backup_newest_timestamp_seconds 1\n")
    (tmp_path / ".etcd_backup.prom.new").write_text("etcd_bac")
    (tmp_path / "smartmon.prom").write_text("somebody_elses 1\n")
    assert metrics_files(tmp_path) == "etcd_backup_newest_timestamp_seconds 1\n"
    assert metrics_files(tmp_path / "absent") == ""
