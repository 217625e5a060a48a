"""Reads return what the writes gave at their revision, and a member's reads never go back."""

from __future__ import annotations

from campaign.history.changes import Changes
from campaign.history.reads import read_problems
from campaign.history.records import Outcome, Record

from .calls import cas, delete, event, found, get, put, ranged

WRITES: tuple[Record, ...] = (
    put(1, 2, "a", "x", revision=2),
    put(3, 4, "a", "y", revision=3),
    delete(5, 6, "a", revision=4),
)


def problems(*records: Record) -> list[str]:
    return [problem.text for problem in read_problems(records, Changes(records))]


def test_a_stale_serializable_read_is_right() -> None:
    assert not problems(*WRITES, get(7, 8, "a", found("a", "x", 2), revision=2, serializable=True))
    assert not problems(*WRITES, get(7, 8, "a", found("a", "y", 3), revision=3, serializable=True))
    assert not problems(*WRITES, get(7, 8, "a", revision=1, serializable=True))
    assert not problems(*WRITES, get(7, 8, "a", revision=9, serializable=True))


def test_an_older_value_than_that_of_the_revision_is_found() -> None:
    (text,) = problems(*WRITES, get(7, 8, "a", found("a", "x", 2), revision=3, serializable=True))
    assert "at revision 3, returned a=x of revision 2, but revision 3 has a=y at revision 3" in text


def test_a_key_that_was_deleted_at_the_revision_is_found() -> None:
    (text,) = problems(*WRITES, get(7, 8, "a", found("a", "y", 3), revision=4, serializable=True))
    assert "revision 4 has the delete of a at revision 4" in text


def test_a_missing_key_is_found() -> None:
    (text,) = problems(*WRITES, ranged(7, 8, "", revision=3))
    assert "at revision 3, returned no a, but revision 3 has a=y" in text


def test_a_value_later_than_the_revision_is_found() -> None:
    (text,) = problems(*WRITES, get(7, 8, "a", found("a", "y", 3), revision=2, serializable=True))
    assert "but that is later" in text


def test_a_value_that_nobody_wrote_is_found() -> None:
    (text,) = problems(get(7, 8, "a", found("a", "z", 2), revision=2))
    assert text.endswith("but no call wrote it before")


def test_the_value_of_a_failed_write_is_found() -> None:
    (text,) = problems(
        put(1, 2, "a", "x", outcome=Outcome.FAILED), get(7, 8, "a", found("a", "x", 2), revision=2)
    )
    assert text.endswith("wrote it without success")


def test_the_value_of_a_refused_transaction_is_found() -> None:
    refused = cas(1, 2, "a", "x", expected="w", revision=1, succeeded=False)
    (text,) = problems(refused, get(7, 8, "a", found("a", "x", 2), revision=2))
    assert text.endswith("wrote it without success")


def test_the_value_of_a_later_write_is_found() -> None:
    (text,) = problems(get(1, 2, "a", found("a", "x", 2), revision=2), put(3, 4, "a", "x", revision=2))
    assert text.endswith("began later")


def test_a_value_at_another_revision_than_its_own_is_found() -> None:
    (text,) = problems(put(1, 2, "a", "x", revision=2), get(3, 4, "a", found("a", "x", 3), revision=3))
    assert "it is another revision of a=x at revision 2" in text


def test_what_a_refused_transaction_found_is_compared() -> None:
    old = cas(7, 8, "a", "z", expected="w", revision=3, read=[found("a", "x", 2)])
    assert problems(*WRITES, old)


def test_an_unknown_write_may_have_taken_effect_or_not() -> None:
    unknown = put(3, 4, "a", "y", outcome=Outcome.UNKNOWN)
    written = put(1, 2, "a", "x", revision=2)
    assert not problems(written, unknown, get(5, 6, "a", found("a", "y", 3), revision=3))
    assert not problems(written, unknown, get(5, 6, "a", found("a", "x", 2), revision=3))


def test_an_unknown_write_that_was_seen_remains() -> None:
    unknown = put(3, 4, "a", "y", outcome=Outcome.UNKNOWN)
    (text,) = problems(
        put(1, 2, "a", "x", revision=2),
        unknown,
        event(5, "a", "y", 3),
        get(6, 7, "a", found("a", "x", 2), revision=4),
    )
    assert "revision 4 has a=y at revision 3" in text


def test_an_unknown_deletion_explains_a_missing_key() -> None:
    unknown = delete(3, 4, "a", outcome=Outcome.UNKNOWN)
    assert not problems(put(1, 2, "a", "x", revision=2), unknown, get(5, 6, "a", revision=3))
    assert problems(put(1, 2, "a", "x", revision=2), get(1, 2, "a", revision=3), unknown)


def test_a_key_that_was_found_later_was_not_deleted_before() -> None:
    unknown = delete(3, 4, "a", outcome=Outcome.UNKNOWN)
    later = get(7, 8, "a", found("a", "x", 2), revision=4)
    assert problems(put(1, 2, "a", "x", revision=2), unknown, get(5, 6, "a", revision=3), later)


def test_the_lease_of_an_earlier_value_deletes_no_later_one() -> None:
    leased, later = put(1, 2, "a", "x", revision=2, lease=7), put(3, 4, "a", "y", revision=3)
    assert not problems(leased, get(3, 4, "a", revision=3))
    assert problems(leased, later, get(5, 6, "a", revision=4))


def test_a_key_that_was_not_asked_for_is_found() -> None:
    (text,) = problems(put(1, 2, "a", "x", revision=2), get(3, 4, "b", found("a", "x", 2), revision=2))
    assert "which returned a, was not asked for it" in text


def test_a_member_that_goes_back_is_found() -> None:
    reads = [
        get(7, 8, "b", revision=3, serializable=True, member="m1"),
        get(9, 10, "b", revision=2, serializable=True, member="m1"),
    ]
    (text,) = problems(*WRITES, *reads)
    assert text.startswith("member m1 answered")
    assert text.endswith("at revision 3")


def test_another_member_may_be_behind() -> None:
    assert not problems(
        *WRITES,
        get(7, 8, "b", revision=3, serializable=True, member="m1"),
        get(9, 10, "b", revision=2, serializable=True, member="m2"),
    )
