"""Only one run of backups at a time on a member."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from etcd_node.backup import upload
from etcd_node.backup.settings import BackupSettings
from etcd_node.backup.upload import back_up
from etcd_node.host.settings import Paths

from components.shared.aws_sigv4 import AccessKey
from components.shared.s3 import BucketAccess
from tests.unit.etcd_node.bootstrap.test_restoration import SETTINGS

BACKUPS = BackupSettings(BucketAccess("https://s3.test", "b", "r", AccessKey("i", "s")), "p/", 3600.0, 0.0)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_backup_that_waits_for_another_says_so_before_it_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *, at_once: bool
) -> None:
    said: list[str] = []
    paths = Paths(tmp_path)
    paths.run.mkdir(parents=True)
    real = fcntl.flock

    def flock(lock: object, operation: int) -> None:
        if operation == fcntl.LOCK_EX:
            said.append(capfd.readouterr().err)
            raise InterruptedError
        real(lock, operation)  # type: ignore[arg-type]

    monkeypatch.setattr(upload.fcntl, "flock", flock)
    with (paths.run / "backup.lock").open("w") as other:
        real(other, fcntl.LOCK_EX)
        if at_once:
            with pytest.raises(InterruptedError):
                back_up(SETTINGS, paths, BACKUPS, at_once=True)
            assert "waiting for the backup that this member takes already" in said[0]
            assert "journalctl -fu etcd-backup" in said[0]
        else:
            assert back_up(SETTINGS, paths, BACKUPS)
            assert not said
