"""What the names in the bucket tell, and which backup is restored."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.shared.s3 import StoredObject
from components.shared.stored_backups import (
    Backup,
    ChoiceError,
    backups_in,
    best_backup,
    choose_backup,
    folder_of,
    of_cluster,
    version_problem,
)

from .hourly_backups import SNAPSHOT, backup


def test_a_name_describes_the_snapshot() -> None:
    (found,) = backups_in([StoredObject(f"etcd/{SNAPSHOT.name}", 10, 1.0)])
    assert found == Backup(f"etcd/{SNAPSHOT.name}", SNAPSHOT, 1.0)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        (SNAPSHOT.name, 0),
        (f"{SNAPSHOT.name}.part", 10),
        ("notes.txt", 10),
        (SNAPSHOT.name.replace("ab", "a", 1), 10),
        ("", 10),
    ],
)
def test_empty_objects_and_other_names_are_no_backups(name: str, size: int) -> None:
    assert backups_in([StoredObject(name, size, 1.0)]) == []


def test_names_sort_by_time() -> None:
    names = [backup(hour, 100 - hour).snapshot.name for hour in range(24)]
    assert names == sorted(names)


def test_a_newer_backup_of_an_older_revision_is_not_the_best() -> None:
    good = backup(1, 100)
    assert best_backup([good, backup(2, 90)]) == good


def test_a_newer_backup_without_keys_is_not_the_best() -> None:
    good = backup(1, 100)
    assert best_backup([good, backup(2, 500, keys=0)]) == good


def test_of_two_equal_revisions_the_newer_backup_is_the_best() -> None:
    assert best_backup([backup(2, 100), backup(1, 100)]) == backup(2, 100)


def test_a_backup_without_keys_is_better_than_none() -> None:
    assert best_backup([backup(1, 1, keys=0)]) == backup(1, 1, keys=0)
    assert best_backup([]) is None


def test_backups_of_another_cluster_do_not_count() -> None:
    assert of_cluster([backup(1, 1, cluster="other"), backup(2, 2)], "c") == [backup(2, 2)]


def test_latest_is_the_newest_good_backup() -> None:
    assert choose_backup([backup(1, 10), backup(3, 30), backup(2, 20)], "latest") == backup(3, 30)


OLD, NEW = (f"etcd-etcd-fra1-{digit * 16}" for digit in "01")
"""Tokens of two clusters of one stack, one after the other."""


def test_latest_is_of_the_restored_cluster_with_higher_revisions() -> None:
    old, new = backup(1, 100, cluster=OLD), backup(2, 1_000_000_100, cluster=NEW)
    assert choose_backup([old, new], "latest") == new


def test_a_cluster_bootstrapped_by_mistake_is_not_latest() -> None:
    old, new = backup(1, 100, cluster=OLD), backup(2, 3, cluster=NEW)
    with pytest.raises(ChoiceError, match="name the one to restore"):
        choose_backup([old, new], "latest")
    empty = backup(2, 1, keys=0, cluster=NEW)
    with pytest.raises(ChoiceError, match="name the one to restore"):
        choose_backup([old, empty], "latest")


def test_latest_is_not_of_a_cluster_with_another_name() -> None:
    own, others = backup(1, 10, cluster=OLD), backup(2, 20, cluster=f"etcd-etcd-ams3-{'2' * 16}")
    with pytest.raises(ChoiceError) as raised:
        choose_backup([own, others], "latest")
    assert str(raised.value) == (
        "there are backups of etcd-etcd-ams3 in p/, etcd-etcd-fra1 in p/: name the one to restore"
    )
    assert choose_backup([own, others], own.snapshot.name) == own


def test_latest_is_not_of_a_cluster_in_another_folder() -> None:
    own, others = backup(1, 10, cluster=OLD), backup(2, 20, cluster=NEW)
    others = replace(others, key=f"p/b/{others.snapshot.name}")
    with pytest.raises(ChoiceError, match="etcd-etcd-fra1 in p/, etcd-etcd-fra1 in p/b/: name the one"):
        choose_backup([own, others], "latest")


def test_latest_may_be_adopted_or_of_a_recovered_cluster() -> None:
    adopted = backup(1, 10, cluster="adopted-82afa554")
    recovered = backup(3, 30, cluster=f"{OLD}-{'3' * 16}")
    assert choose_backup([adopted, backup(2, 20, cluster=OLD)], "latest").snapshot.cluster == OLD
    assert choose_backup([adopted, backup(2, 20, cluster=OLD), recovered], "latest") == recovered
    newer = backup(4, 40, cluster="adopted-82afa554")
    assert choose_backup([recovered, newer], "latest") == newer


def test_a_backup_is_chosen_by_its_name_or_its_key() -> None:
    stored = [backup(1, 10), backup(2, 20)]
    assert choose_backup(stored, stored[0].snapshot.name) == stored[0]
    assert choose_backup(stored, stored[1].key) == stored[1]
    with pytest.raises(ChoiceError, match="no backup named nothing"):
        choose_backup(stored, "nothing")
    with pytest.raises(ChoiceError, match="there is no backup"):
        choose_backup([], "latest")


@pytest.mark.parametrize(
    ("wanted", "folder"),
    [("latest", "own/"), ("name.db.gz", "own/"), ("other/name.db.gz", "other/"), ("a/b/name.db.gz", "a/b/")],
)
def test_a_backup_is_looked_for_in_the_folder_of_its_name(wanted: str, folder: str) -> None:
    assert folder_of(wanted, "own/") == folder


@pytest.mark.parametrize("version", ["3.6.0", "3.6.14", "3.7.1"])
def test_etcd_reads_backups_of_its_own_minor_version_and_older_ones(version: str) -> None:
    assert version_problem(SNAPSHOT, version) == ""
    assert "set etcd:version to 3.6.14" in version_problem(SNAPSHOT, "3.5.33")


def test_the_metadata_of_a_backup_names_who_uploaded_it() -> None:
    assert SNAPSHOT.metadata("m1")["member"] == "m1"
    assert SNAPSHOT.metadata("m1")["cluster-token"] == SNAPSHOT.cluster
