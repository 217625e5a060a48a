"""Which backup is good, whose turn it is, and which may be deleted: all from a listing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from etcd_node.backup.catalog import (
    Backup,
    ChoiceError,
    Later,
    Snapshot,
    Upload,
    backups_in,
    best,
    choose,
    expired,
    latest,
    of_cluster,
    turn,
)
from etcd_node.backup.metrics import backup_metrics
from etcd_node.backup.s3 import Stored
from hypothesis import given
from hypothesis import strategies as st

SNAPSHOT = Snapshot("20261125T174057Z", 17, 5, "3.6.14", "etcd-etcd-fra1-0a1b", "ab" * 32)
ORDER = ("m1", "m2", "m3")
HOUR = 3600.0


def backup(hour: int, revision: int, *, keys: int = 5, cluster: str = "c") -> Backup:
    snapshot = replace(
        SNAPSHOT, taken=f"20261125T{hour:02}0000Z", revision=revision, keys=keys, cluster=cluster
    )
    return Backup(f"p/{snapshot.name}", snapshot, hour * HOUR)


def test_a_name_tells_all_that_is_in_it() -> None:
    (found,) = backups_in([Stored(f"etcd/{SNAPSHOT.name}", 10, 1.0)])
    assert found == Backup(f"etcd/{SNAPSHOT.name}", SNAPSHOT, 1.0)


@pytest.mark.parametrize("stored", [
    Stored(SNAPSHOT.name, 0, 1.0), Stored(f"{SNAPSHOT.name}.part", 10, 1.0), Stored("notes.txt", 10, 1.0),
    Stored(SNAPSHOT.name.replace("ab", "a", 1), 10, 1.0), Stored("", 10, 1.0),
])  # fmt: skip
def test_an_empty_object_and_any_other_name_are_no_backup(stored: Stored) -> None:
    assert backups_in([stored]) == []


def test_names_sort_by_time() -> None:
    names = [backup(hour, 100 - hour).snapshot.name for hour in range(24)]
    assert names == sorted(names)


def test_a_newer_backup_of_an_older_revision_hides_nothing() -> None:
    good = backup(1, 100)
    assert best([good, backup(2, 90)]) == good


def test_a_newer_backup_without_keys_hides_nothing() -> None:
    good = backup(1, 100)
    assert best([good, backup(2, 500, keys=0)]) == good


def test_of_equal_revisions_the_newer_is_the_better() -> None:
    assert best([backup(2, 100), backup(1, 100)]) == backup(2, 100)


def test_a_backup_without_keys_is_better_than_none() -> None:
    assert best([backup(1, 1, keys=0)]) == backup(1, 1, keys=0)
    assert best([]) is None


def test_only_what_is_older_than_the_retention_is_deleted_oldest_first() -> None:
    all_of_them = [backup(hour, hour) for hour in (5, 1, 3, 2, 4)]
    assert expired(all_of_them, 5 * HOUR, 2 * HOUR) == [backup(1, 1), backup(2, 2)]


def test_nothing_is_deleted_without_a_retention() -> None:
    assert expired([backup(1, 1), backup(2, 2)], 100 * HOUR, 0) == []


def test_the_newest_good_backup_stays_however_old_it_is() -> None:
    good = backup(1, 100)
    assert expired([good, backup(2, 90), backup(3, 91)], 100 * HOUR, HOUR) == [backup(2, 90)]


@given(
    st.lists(st.tuples(st.integers(0, 23), st.integers(1, 30), st.integers(0, 2)), max_size=12),
    st.integers(0, 200),
    st.integers(0, 50),
)
def test_retention_interrupted_anywhere_leaves_the_best(
    made: list[tuple[int, int, int]], now: int, retention: int
) -> None:
    stored = [backup(hour, revision, keys=keys) for hour, revision, keys in made]
    good = best(stored)
    for deleted in expired(stored, now * HOUR, retention * HOUR):
        assert now * HOUR - deleted.modified > retention * HOUR
        stored = [one for one in stored if one != deleted]
        assert best(stored) == good


def test_another_clusters_backups_are_not_counted() -> None:
    assert of_cluster([backup(1, 1, cluster="other"), backup(2, 2)], "c") == [backup(2, 2)]


def due(name: str, healthy: set[str], age: float) -> Upload | Later:
    return turn(name, ORDER, healthy, age=age, interval=HOUR, grace=60)


def test_nobody_uploads_before_the_interval_is_over() -> None:
    for name in ORDER:
        assert isinstance(due(name, set(ORDER), HOUR - 1), Later)


def test_exactly_one_uploads_when_it_is() -> None:
    assert [name for name in ORDER if due(name, set(ORDER), HOUR) == Upload()] == ["m1"]


def test_the_next_one_takes_over_at_once_from_one_that_is_down() -> None:
    up = {"m2", "m3"}
    assert [name for name in sorted(up) if due(name, up, HOUR) == Upload()] == ["m2"]


def test_the_next_one_takes_over_later_from_one_that_is_up_and_uploads_nothing() -> None:
    assert due("m2", set(ORDER), HOUR + 59) == Later(1, "it is m1's turn")
    assert due("m2", set(ORDER), HOUR + 60) == Upload()
    assert isinstance(due("m3", set(ORDER), HOUR + 60), Later)
    assert due("m3", set(ORDER), HOUR + 120) == Upload()


@given(st.sets(st.sampled_from(ORDER), min_size=1), st.floats(0, 3 * HOUR))
def test_whoever_is_up_somebody_uploads_in_the_end_and_one_alone_at_first(up: set[str], late: float) -> None:
    uploading = [name for name in sorted(up) if due(name, up, HOUR + late) == Upload()]
    assert uploading[0] == min(up)
    assert len(uploading) == 1 + min(len(up) - 1, int(late // 60))


def test_the_latest_is_the_newest_good_one() -> None:
    assert choose([backup(1, 10), backup(3, 30), backup(2, 20)], "latest") == backup(3, 30)


def test_the_latest_is_of_the_restored_cluster_whose_revisions_went_on() -> None:
    old, new = backup(1, 100, cluster="old"), backup(2, 1_000_000_100, cluster="new")
    assert choose([old, new], "latest") == new


def test_a_cluster_founded_by_mistake_does_not_become_the_latest() -> None:
    old, new = backup(1, 100, cluster="old"), backup(2, 3, cluster="new")
    with pytest.raises(ChoiceError, match="name the one to restore"):
        choose([old, new], "latest")
    empty = backup(2, 1, keys=0, cluster="new")
    with pytest.raises(ChoiceError, match="name the one to restore"):
        choose([old, empty], "latest")


def test_a_backup_is_chosen_by_its_name_or_its_key() -> None:
    stored = [backup(1, 10), backup(2, 20)]
    assert choose(stored, stored[0].snapshot.name) == stored[0]
    assert choose(stored, stored[1].key) == stored[1]
    with pytest.raises(ChoiceError, match="no backup named nothing"):
        choose(stored, "nothing")
    with pytest.raises(ChoiceError, match="there is no backup"):
        choose([], "latest")


def test_the_last_upload_counts_for_the_age_good_or_not() -> None:
    assert latest([backup(1, 100), backup(2, 1, keys=0)]) == backup(2, 1, keys=0)


def test_the_metrics_have_the_age_and_the_failure() -> None:
    lines = backup_metrics(backup(1, 100), interval=3600, failed=False).splitlines()
    assert "etcd_backup_newest_timestamp_seconds 1795568400" in lines
    assert "etcd_backup_newest_revision 100" in lines
    assert "etcd_backup_interval_seconds 3600" in lines
    assert "etcd_backup_failed 0" in lines
    assert "etcd_backup_failed 1" in backup_metrics(None, interval=3600, failed=True)
    assert "newest" not in backup_metrics(None, interval=3600, failed=True)


def test_what_the_metrics_told_of_the_newest_backup_is_told_again_while_there_is_no_other() -> None:
    told = backup_metrics(backup(1, 100), interval=3600, failed=False)
    again = backup_metrics(None, interval=3600, failed=True, before=told)
    assert again == backup_metrics(backup(1, 100), interval=3600, failed=True)
    assert backup_metrics(None, interval=3600, failed=True, before=again) == again
    newer = backup(2, 200)
    assert backup_metrics(newer, interval=60, failed=False, before=told) == backup_metrics(
        newer, interval=60, failed=False
    )
