"""When a member starts its backup service."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from etcd_node.backup import due
from etcd_node.backup.due import LONGEST_PAUSE, BackupRequest, backup_is_due
from etcd_node.host.settings import Paths

from tests.unit.etcd_node.digitalocean.test_markers import SETTINGS

BACKUPS = {
    "endpoint": "https://s3.test",
    "bucket": "backups",
    "region": "fra1",
    "access_key": "id",
    "secret_key": "secret",
    "ca_certificate": "",
    "prefix": "etcd/",
    "interval": 60,
    "retention": 0,
    "upload_headers": {},
}


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A member with backups, which no run has requested."""
    kept = Paths(tmp_path)
    kept.run.mkdir(parents=True)
    kept.etc.mkdir(parents=True)
    kept.backup.write_text(json.dumps(BACKUPS))
    monkeypatch.setattr(due, "TlsClient", lambda _: None)
    monkeypatch.setattr(due, "this_member", lambda *_: None)
    monkeypatch.setattr(due, "pending_request", lambda *_: None)
    return kept


def test_without_backups_none_is_due(paths: Paths) -> None:
    paths.backup.unlink()
    assert not backup_is_due(SETTINGS, paths)


@pytest.mark.parametrize("text", ["", "{", "{}", "[]"])
def test_settings_that_cannot_be_read_start_the_service_which_says_so(paths: Paths, text: str) -> None:
    paths.next_backup.write_text(json.dumps(time.time() + 30))
    assert not backup_is_due(SETTINGS, paths)
    paths.backup.write_text(text)
    assert backup_is_due(SETTINGS, paths)


def test_the_first_run_lists_the_bucket(paths: Paths) -> None:
    assert backup_is_due(SETTINGS, paths)


@pytest.mark.parametrize("text", ["", "soon", "[]", "null"])
def test_an_unreadable_time_lets_the_bucket_be_listed(paths: Paths, text: str) -> None:
    paths.next_backup.write_text(text)
    assert backup_is_due(SETTINGS, paths)


@pytest.mark.parametrize(
    ("seconds", "is_due"),
    [
        pytest.param(-1, True, id="over"),
        pytest.param(30, False, id="ahead"),
        pytest.param(LONGEST_PAUSE - 5, False, id="as far ahead as a run writes"),
        pytest.param(LONGEST_PAUSE + 60, True, id="after the clock was set back"),
    ],
)
def test_the_bucket_is_listed_at_the_time_that_the_last_run_wrote(
    paths: Paths, seconds: float, is_due: bool
) -> None:
    paths.next_backup.write_text(json.dumps(time.time() + seconds))
    assert backup_is_due(SETTINGS, paths) is is_due


def test_a_request_makes_a_backup_due_at_any_time(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    paths.next_backup.write_text(json.dumps(time.time() + 30))
    monkeypatch.setattr(due, "pending_request", lambda *_: BackupRequest(700, 1.0))
    assert backup_is_due(SETTINGS, paths)
