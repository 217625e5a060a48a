"""Which member uploads the next backup, which old ones are deleted, and the metrics: all from a listing."""

from __future__ import annotations

from etcd_node.backup.catalog import UploadLater, UploadNow, expired, last_upload, upload_turn
from etcd_node.backup.metrics import backup_metrics
from hypothesis import given
from hypothesis import strategies as st

from components.shared.stored_backups import best_backup
from tests.unit.components.shared.hourly_backups import HOUR, backup

ORDER = ("m1", "m2", "m3")


def test_backups_older_than_the_retention_expire_oldest_first() -> None:
    all_of_them = [backup(hour, hour) for hour in (5, 1, 3, 2, 4)]
    assert expired(all_of_them, 5 * HOUR, 2 * HOUR) == [backup(1, 1), backup(2, 2)]


def test_a_retention_of_zero_keeps_everything() -> None:
    assert expired([backup(1, 1), backup(2, 2)], 100 * HOUR, 0) == []


def test_the_best_backup_never_expires() -> None:
    good = backup(1, 100)
    assert expired([good, backup(2, 90), backup(3, 91)], 100 * HOUR, HOUR) == [backup(2, 90)]


@given(
    st.lists(st.tuples(st.integers(0, 23), st.integers(1, 30), st.integers(0, 2)), max_size=12),
    st.integers(0, 200),
    st.integers(0, 50),
)
def test_an_interrupted_deletion_keeps_the_best_backup(
    made: list[tuple[int, int, int]], now: int, retention: int
) -> None:
    stored = [backup(hour, revision, keys=keys) for hour, revision, keys in made]
    good = best_backup(stored)
    for deleted in expired(stored, now * HOUR, retention * HOUR):
        assert now * HOUR - deleted.modified > retention * HOUR
        stored = [one for one in stored if one != deleted]
        assert best_backup(stored) == good


def due(name: str, following: set[str], age: float) -> UploadNow | UploadLater:
    return upload_turn(name, ORDER, following, age=age, interval=HOUR, grace=60)


def test_no_member_uploads_before_the_interval_is_over() -> None:
    for name in ORDER:
        assert isinstance(due(name, set(ORDER), HOUR - 1), UploadLater)


def test_exactly_one_member_uploads_when_the_interval_is_over() -> None:
    assert [name for name in ORDER if due(name, set(ORDER), HOUR) == UploadNow()] == ["m1"]


def test_the_next_member_takes_over_at_once_from_one_that_is_down() -> None:
    up = {"m2", "m3"}
    assert [name for name in sorted(up) if due(name, up, HOUR) == UploadNow()] == ["m2"]


def test_the_next_member_takes_over_later_from_one_that_fails_to_upload() -> None:
    assert due("m2", set(ORDER), HOUR + 59) == UploadLater(1, "it is the turn of m1")
    assert due("m2", set(ORDER), HOUR + 60) == UploadNow()
    assert isinstance(due("m3", set(ORDER), HOUR + 60), UploadLater)
    assert due("m3", set(ORDER), HOUR + 120) == UploadNow()


@given(st.sets(st.sampled_from(ORDER), min_size=1), st.floats(0, 3 * HOUR))
def test_some_healthy_member_always_uploads_and_only_one_at_first(up: set[str], late: float) -> None:
    uploading = [name for name in sorted(up) if due(name, up, HOUR + late) == UploadNow()]
    assert uploading[0] == min(up)
    assert len(uploading) == 1 + min(len(up) - 1, int(late // 60))


def test_the_last_upload_counts_even_if_it_is_not_good() -> None:
    assert last_upload([backup(1, 100), backup(2, 1, keys=0)]) == backup(2, 1, keys=0)


def test_the_metrics_have_the_time_and_the_failure() -> None:
    lines = backup_metrics(backup(1, 100), interval=3600, failed=False).splitlines()
    assert "etcd_backup_newest_timestamp_seconds 1795568400" in lines
    assert "etcd_backup_newest_revision 100" in lines
    assert "etcd_backup_interval_seconds 3600" in lines
    assert "etcd_backup_failed 0" in lines
    assert "etcd_backup_failed 1" in backup_metrics(None, interval=3600, failed=True)
    assert "newest" not in backup_metrics(None, interval=3600, failed=True)


def test_metrics_of_the_newest_backup_stay_until_a_listing_replaces_them() -> None:
    told = backup_metrics(backup(1, 100), interval=3600, failed=False)
    again = backup_metrics(None, interval=3600, failed=True, previous=told)
    assert again == backup_metrics(backup(1, 100), interval=3600, failed=True)
    assert backup_metrics(None, interval=3600, failed=True, previous=again) == again
    newer = backup(2, 200)
    assert backup_metrics(newer, interval=60, failed=False, previous=told) == backup_metrics(
        newer, interval=60, failed=False
    )
