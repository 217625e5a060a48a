from __future__ import annotations

from console.local.writer import KEPT_SECONDS, WriteCounts

BEGAN = 1000.0


def test_writes_are_counted_by_second() -> None:
    counts = WriteCounts(BEGAN)
    for now in (1000.1, 1000.9, 1001.5):
        counts.add(now)
    counts.add(1001.6, "no answer in time")
    assert [(one.second, one.acknowledged, one.failed) for one in counts.writes(1002.0)] == [
        (1000, 2, 0),
        (1001, 1, 1),
    ]
    assert (counts.acknowledged, counts.failed, counts.problem) == (3, 1, "no answer in time")


def test_a_second_without_a_write_is_among_them() -> None:
    counts = WriteCounts(BEGAN)
    counts.add(1000.5)
    counts.add(1003.5)
    assert [one.acknowledged for one in counts.writes(1004.2)] == [1, 0, 0, 1]


def test_the_second_that_lasts_is_not_among_them() -> None:
    counts = WriteCounts(BEGAN)
    counts.add(1000.5)
    assert counts.writes(1000.9) == []


def test_a_stall_is_the_longest_time_without_an_acknowledged_write() -> None:
    counts = WriteCounts(BEGAN)
    counts.add(1000.5)
    counts.add(1001.0)
    counts.add(1002.0, "no answer in time")
    counts.add(1004.0)
    counts.add(1004.5)
    assert counts.shown(1004.6, running=True).longest_stall == 3.0


def test_a_stall_that_lasts_counts_while_the_writer_runs() -> None:
    counts = WriteCounts(BEGAN)
    counts.add(1000.5)
    assert counts.shown(1010.5, running=True).longest_stall == 10.0
    assert counts.shown(1010.5, running=False).longest_stall == 0.5


def test_the_rate_is_that_of_the_last_seconds() -> None:
    counts = WriteCounts(BEGAN)
    for second in range(10):
        for _ in range(20):
            counts.add(BEGAN + second)
    assert counts.shown(BEGAN + 10, running=True).per_second == 20.0
    assert counts.shown(BEGAN + 10, running=False).per_second == 0.0
    assert counts.shown(BEGAN + 60, running=True).per_second == 0.0


def test_a_problem_is_over_with_the_next_write() -> None:
    counts = WriteCounts(BEGAN)
    counts.add(1000.5, "no answer in time")
    assert counts.shown(1000.6, running=True).problem == "no answer in time"
    counts.add(1000.7)
    assert counts.shown(1000.8, running=True).problem == ""


def test_old_seconds_are_forgotten() -> None:
    counts = WriteCounts(BEGAN)
    for second in range(200):
        counts.add(BEGAN + second)
    assert len(counts.seconds) == KEPT_SECONDS + 1
    assert len(counts.writes(BEGAN + 200)) == KEPT_SECONDS


def test_the_oldest_second_that_is_told_is_not_forgotten_yet() -> None:
    counts = WriteCounts(BEGAN)
    for tenth in range(1000):
        counts.add(BEGAN + tenth / 10)
    assert {one.acknowledged for one in counts.writes(BEGAN + 99.95)} == {10}


def test_a_write_fails_when_every_member_was_tried() -> None:
    counts = WriteCounts(BEGAN)
    for second in range(1, 3):
        counts.add_failed_try(BEGAN + second, "no answer", members=3)
    assert counts.failed == 0
    counts.add_failed_try(BEGAN + 3, "no answer", members=3)
    assert (counts.failed, counts.problem) == (1, "no answer")


def test_a_write_that_another_member_acknowledges_has_not_failed() -> None:
    counts = WriteCounts(BEGAN)
    for turn in range(5):
        counts.add_failed_try(BEGAN + turn, "no answer", members=2)
        counts.add(BEGAN + turn)
    assert (counts.acknowledged, counts.failed, counts.problem) == (5, 0, "")
