"""The age of the newest backup in the status."""

from __future__ import annotations

from etcd_node.backup.metrics import backup_metrics
from etcd_node.host.settings import Paths

from components.shared.stored_backups import Backup, Snapshot
from localcloud.machines.backup_age import METRICS, BackupState, parse, summarize

BACKUP = Backup("", Snapshot("20261125T010000Z", 17, 5, "3.6.14", "c", "ab" * 32), 0)
TAKEN = 1795568400.0
ON = {"m1", "m2"}


def test_the_metrics_file_of_the_members_is_parsed() -> None:
    assert str(Paths().backup_metrics) == f"/{METRICS}"
    assert parse(backup_metrics(BACKUP, failed=False, interval=60)) == BackupState(TAKEN, failed=False)
    assert parse(backup_metrics(None, failed=True, interval=60)) == BackupState(None, failed=True)


def test_the_summary_has_the_newest_backup_and_the_failing_members() -> None:
    states = [("m1", BackupState(TAKEN, failed=False)), ("m2", BackupState(TAKEN - 9000, failed=True))]
    assert (
        summarize(states, TAKEN + 600, running=ON)
        == "newest backup: 10 minutes old; the last attempt failed on m2"
    )
    assert summarize(states[:1], TAKEN + 30, running=ON) == "newest backup: 30 seconds old"


def test_the_summary_is_empty_without_backups_and_before_the_first_says_so() -> None:
    assert summarize([], running=ON) == ""
    assert summarize([("m1", BackupState(None, failed=False))], running=ON) == "no backup yet"


def test_without_a_member_that_could_list_them_backups_are_unknown() -> None:
    silent = [("m1", BackupState(None, failed=False)), ("m2", BackupState(None, failed=True))]
    for running in (set[str](), {"m2"}):
        assert summarize(silent, running=running).startswith("whether there is a backup is unknown")
    assert summarize(silent, running={"m1"}).startswith("no backup yet")


def test_members_that_are_off_tell_of_the_backup_that_they_knew() -> None:
    assert summarize([("m1", BackupState(TAKEN, failed=False))], TAKEN + 30, running=set()) == (
        "newest backup: 30 seconds old"
    )
