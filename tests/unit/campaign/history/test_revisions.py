"""Revisions agree with real time, and each write has one of its own."""

from __future__ import annotations

from campaign.history.changes import Changes
from campaign.history.records import Outcome, Record
from campaign.history.revisions import revision_problems

from .calls import cas, delete, event, found, get, put, ranged


def problems(*records: Record) -> list[str]:
    return [problem.text for problem in revision_problems(records, Changes(records))]


def test_growing_revisions_are_right() -> None:
    assert not problems(
        put(1, 2, "a", "x", revision=2),
        get(3, 4, "a", found("a", "x", 2), revision=2),
        delete(5, 6, "a", revision=3),
        delete(7, 8, "a", revision=3, deleted=0),
        cas(9, 10, "a", "y", expected="x", revision=3, succeeded=False),
    )


def test_two_writes_with_one_revision_are_found() -> None:
    (text,) = problems(put(1, 9, "a", "x", revision=2), put(1, 9, "b", "y", revision=2))
    assert text.startswith("a=x at revision 2")
    assert "b=y at revision 2" in text


def test_a_later_write_with_an_equal_revision_is_found() -> None:
    assert (
        "began after the end"
        in problems(
            put(1, 2, "a", "x", revision=3), get(3, 4, "a", revision=3), put(5, 6, "a", "y", revision=3)
        )[-1]
    )


def test_a_later_write_with_a_smaller_revision_is_found() -> None:
    (text,) = problems(put(1, 2, "a", "x", revision=3), put(3, 4, "b", "y", revision=2))
    assert "has revision 2, but began after the end of" in text


def test_a_later_read_with_a_smaller_revision_is_found() -> None:
    assert problems(put(1, 2, "a", "x", revision=3), ranged(3, 4, "b", revision=2))


def test_a_serializable_read_may_have_a_smaller_revision() -> None:
    assert not problems(put(1, 2, "a", "x", revision=3), get(3, 4, "b", revision=2, serializable=True))


def test_calls_at_the_same_time_may_have_any_order() -> None:
    assert not problems(put(1, 4, "a", "x", revision=3), put(4, 6, "b", "y", revision=2))


def test_a_write_that_was_applied_twice_is_found() -> None:
    (text,) = problems(put(1, 2, "a", "x", revision=2), event(3, "a", "x", 2), event(4, "a", "x", 3))
    assert text == "a=x was written once, but has revisions [2, 3]"


def test_an_unknown_write_that_was_applied_twice_is_found() -> None:
    unknown = put(1, 2, "a", "x", outcome=Outcome.UNKNOWN)
    assert problems(unknown, event(3, "a", "x", 2), get(4, 5, "a", found("a", "x", 3), revision=3))


def test_two_writes_of_a_value_have_two_revisions() -> None:
    unknown = put(1, 2, "a", "x", outcome=Outcome.UNKNOWN)
    assert not problems(
        unknown, put(3, 4, "a", "x", revision=3), event(5, "a", "x", 2), event(6, "a", "x", 3)
    )
