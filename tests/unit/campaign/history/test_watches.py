"""Watches have each change once and in order, across ended streams."""

from __future__ import annotations

from campaign.history.changes import Changes
from campaign.history.records import Outcome, Record, WatchEnd, WatchProgress, WatchStart
from campaign.history.watches import watch_problems

from .calls import delete, event, put

WRITES: tuple[Record, ...] = (
    put(1, 2, "a", "x", revision=2),
    put(3, 4, "a", "y", revision=3),
    delete(5, 6, "a", revision=4),
    put(7, 8, "b", "z", revision=5),
)


def start(revision: int, prefix: str = "") -> WatchStart:
    return WatchStart(client="w", at=9, watch="w", prefix=prefix, revision=revision)


def progress(revision: int) -> WatchProgress:
    return WatchProgress(client="w", at=20, watch="w", revision=revision)


def ended(compact_revision: int = 0) -> WatchEnd:
    return WatchEnd(client="w", at=20, watch="w", reason="lost", compact_revision=compact_revision)


X, Y, GONE, Z = (
    event(10, "a", "x", 2),
    event(11, "a", "y", 3),
    event(12, "a", None, 4),
    event(13, "b", "z", 5),
)


def problems(*records: Record, until: int = 5) -> list[str]:
    everything = [*WRITES, *records]
    return [problem.text for problem in watch_problems(everything, Changes(everything), until)]


def test_all_changes_in_order_are_right() -> None:
    assert not problems(start(1), X, Y, GONE, Z)


def test_a_watch_begins_at_the_revision_asked_for() -> None:
    assert not problems(start(3), Y, GONE, Z)
    assert problems(start(4), Y, GONE, Z) == [
        "watch w of client w has a=y at revision 3, though it asked for revision 4"
    ]


def test_a_watch_has_only_keys_with_its_prefix() -> None:
    assert not problems(start(1, "b"), Z)
    (text,) = problems(start(1, "b"), X, Z)
    assert text.endswith("though it asked for b")


def test_a_gap_is_found() -> None:
    (text,) = problems(start(1), X, GONE, Z)
    assert "misses a=y at revision 3" in text


def test_a_change_missing_before_progress_is_found() -> None:
    (text,) = problems(start(1), X, Y, progress(4), Z)
    assert "misses the delete of a at revision 4" in text


def test_a_repeated_event_is_found() -> None:
    assert problems(start(1), X, Y, Y, GONE, Z) == ["watch w of client w has a=y at revision 3 twice"]


def test_an_event_out_of_order_is_found() -> None:
    assert problems(start(1), X, GONE, Y, Z) == ["watch w of client w has a=y at revision 3 after revision 4"]


def test_a_watch_that_never_reaches_the_end_is_found() -> None:
    (text,) = problems(start(1), X, Y, GONE)
    assert "misses b=z at revision 5" in text
    assert "at the end: it has reached revision 4" in text
    assert not problems(start(1), X, Y, GONE, until=4)


def test_a_resumed_watch_goes_on_where_it_ended() -> None:
    assert not problems(start(1), X, ended(), start(3), Y, ended(), start(4), GONE, Z)


def test_a_watch_that_was_resumed_too_late_is_found() -> None:
    (text,) = problems(start(1), X, ended(), start(4), GONE, Z)
    assert "misses a=y at revision 3" in text
    assert "it was resumed at revision 4" in text


def test_a_repeated_event_on_a_resumed_stream_is_found() -> None:
    (text,) = problems(start(1), X, Y, ended(), start(4), Y, GONE, Z)
    assert text.endswith("though it asked for revision 4")


def test_compacted_changes_need_not_come() -> None:
    assert not problems(start(1), ended(compact_revision=4), start(4), GONE, Z)
    assert problems(start(1), ended(compact_revision=4), start(5), Z)
    assert not problems(start(1), ended(compact_revision=6))


def test_an_event_of_no_write_is_found() -> None:
    (text,) = problems(start(1), X, Y, GONE, Z, event(14, "c", "never", 6))
    assert text.endswith("has c=never at revision 6, but no call wrote it before")
    (text,) = problems(start(1), X, Y, GONE, Z, event(14, "b", None, 6))
    assert "but no call deleted b=z" in text


def test_an_event_of_another_write_is_found() -> None:
    (text, missing) = problems(start(1), X, event(11, "c", "y", 3), GONE, Z)
    assert "has c=y at revision 3, but revision 3 is a=y" in text
    assert "misses a=y" in missing


def test_an_event_of_a_failed_write_is_found() -> None:
    failed = put(1, 2, "c", "x", outcome=Outcome.FAILED)
    (text,) = problems(failed, start(1), X, Y, GONE, Z, event(14, "c", "x", 6))
    assert text.endswith("wrote it without success")


def test_an_event_of_an_unknown_write_may_come_or_not() -> None:
    unknown = put(1, 2, "c", "x", outcome=Outcome.UNKNOWN)
    assert not problems(unknown, start(1), X, Y, GONE, Z)
    assert not problems(unknown, start(1), X, Y, GONE, Z, event(14, "c", "x", 6))


def test_an_event_before_its_write_is_found() -> None:
    unknown = put(99, 100, "c", "x", outcome=Outcome.UNKNOWN)
    assert problems(unknown, start(1), X, Y, GONE, Z, event(14, "c", "x", 6))


def test_events_without_a_stream_are_found() -> None:
    assert problems(X, until=0) == ["watch w of client w has records before its start"]
