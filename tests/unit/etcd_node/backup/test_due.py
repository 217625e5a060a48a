"""When a member looks at the bucket."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from etcd_node.backup.due import LONGEST_PAUSE, bucket_must_be_listed
from etcd_node.backup.settings import BackupSettings
from etcd_node.host.settings import Paths

from components.shared.aws_sigv4 import AccessKey
from components.shared.s3 import BucketAccess

BACKUPS = BackupSettings(
    BucketAccess("https://s3.test", "backups", "fra1", AccessKey("id", "secret")), "etcd/", 60.0, 0.0
)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    kept = Paths(tmp_path)
    kept.run.mkdir(parents=True)
    return kept


def test_the_first_run_lists_the_bucket(paths: Paths) -> None:
    assert bucket_must_be_listed(paths, BACKUPS)


@pytest.mark.parametrize("text", ["", "soon", "[]", "null"])
def test_an_unreadable_time_lets_the_bucket_be_listed(paths: Paths, text: str) -> None:
    paths.next_backup.write_text(text)
    assert bucket_must_be_listed(paths, BACKUPS)


@pytest.mark.parametrize(
    ("seconds", "due"),
    [
        pytest.param(-1, True, id="over"),
        pytest.param(30, False, id="ahead"),
        pytest.param(LONGEST_PAUSE - 5, False, id="as far ahead as a run writes"),
        pytest.param(LONGEST_PAUSE + 60, True, id="after the clock was set back"),
    ],
)
def test_the_bucket_is_listed_at_the_time_that_the_last_run_wrote(
    paths: Paths, seconds: float, due: bool
) -> None:
    paths.next_backup.write_text(json.dumps(time.time() + seconds))
    assert bucket_must_be_listed(paths, BACKUPS) is due
