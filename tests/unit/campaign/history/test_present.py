"""Every acknowledged write is in every member at the end."""

from __future__ import annotations

from campaign.history.changes import Changes
from campaign.history.present import LOST, STORES, present_problems
from campaign.history.records import KeyValue, Outcome, Record

from .calls import cas, delete, found, put

X = put(1, 2, "a", "x", revision=2)
Y = put(3, 4, "a", "y", revision=3)


def problems(stored: list[KeyValue], *records: Record) -> list[str]:
    return [problem.text for problem in present_problems({"m1": stored}, Changes(records))]


def test_the_last_write_of_each_key_is_right() -> None:
    assert not problems([found("a", "y", 3)], X, Y)
    assert not problems([], X, delete(3, 4, "a", revision=3))


def test_a_lost_write_is_found() -> None:
    (text,) = problems([], X)
    assert text.startswith("member m1 has no a, but the last change is a=x at revision 2")


def test_a_lost_update_is_found() -> None:
    (text,) = problems([found("a", "x", 2)], X, Y)
    assert text.startswith("member m1 has a=x of revision 2, but the last change is a=y at revision 3")


def test_a_deleted_key_that_came_back_is_found() -> None:
    assert problems([found("a", "x", 2)], X, delete(3, 4, "a", revision=3))


def test_an_unknown_write_may_have_overwritten() -> None:
    for unknown in (
        put(3, 4, "a", "z", outcome=Outcome.UNKNOWN),
        cas(3, 4, "a", "z", expected="x", outcome=Outcome.UNKNOWN),
    ):
        assert not problems([found("a", "z", 3)], X, unknown)
        assert not problems([found("a", "x", 2)], X, unknown)
        assert problems([], X, unknown)


def test_an_unknown_deletion_may_have_deleted() -> None:
    unknown = delete(3, 4, "a", outcome=Outcome.UNKNOWN)
    assert not problems([], X, unknown)
    assert not problems([found("a", "x", 2)], X, unknown)


def test_the_end_of_its_lease_may_have_deleted_a_key() -> None:
    leased = put(1, 2, "a", "x", revision=2, lease=7)
    assert not problems([], leased)
    assert problems([], leased, Y)


def test_what_nobody_wrote_is_found() -> None:
    (text,) = problems([found("a", "w", 4)], X)
    assert text.endswith("no call wrote it before")
    (text,) = problems([found("a", "w", 4)], X, put(3, 4, "a", "w", outcome=Outcome.FAILED))
    assert text.endswith("wrote it without success")


def test_only_a_write_that_a_member_lacks_is_lost() -> None:
    def checks(*stored: KeyValue) -> set[str]:
        return {problem.check for problem in present_problems({"m1": stored}, Changes([X]))}

    assert checks() == {LOST}
    assert checks(found("a", "w", 1)) == {LOST}
    assert checks(found("a", "w", 4)) == {STORES}
    assert checks(found("a", "x", 2), found("b", "w", 4)) == {STORES}


def test_members_that_differ_are_found() -> None:
    unknown = put(3, 4, "a", "z", outcome=Outcome.UNKNOWN)
    members = {"m1": [found("a", "x", 2)], "m2": [found("a", "z", 3)]}
    (problem,) = present_problems(members, Changes([X, unknown]))
    assert problem.check == STORES
    assert problem.text == "member m2 has a=z of revision 3, but member m1 has a=x of revision 2"
