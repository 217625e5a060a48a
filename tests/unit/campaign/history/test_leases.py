"""No lease ends early."""

from __future__ import annotations

from campaign.history.changes import Changes
from campaign.history.leases import lease_problems
from campaign.history.records import SECOND, Granted, LeaseExpired, LeaseGrant, Outcome, Record

from .calls import delete, event, get, keep_alive, put, ranged, revoke

GRANT = LeaseGrant(
    client="c", call=0, begin=0, end=1 * SECOND, outcome=Outcome.OK, ttl=10, answer=Granted(lease=7, ttl=10)
)
LEASED = put(1 * SECOND, 2 * SECOND, "a", "x", revision=2, lease=7)


def expired(seconds: int) -> LeaseExpired:
    return LeaseExpired(client="c", at=seconds * SECOND, lease=7)


def problems(*records: Record) -> list[str]:
    return [problem.text for problem in lease_problems(records, Changes(records))]


def test_a_lease_may_end_after_its_time() -> None:
    assert not problems(GRANT, LEASED, expired(10))
    assert not problems(GRANT, LEASED, get(10 * SECOND, 11 * SECOND, "a", revision=3))


def test_a_lease_that_ends_early_is_found() -> None:
    (text,) = problems(GRANT, LEASED, expired(9))
    assert text.startswith("lease 7 ended at least 1.000 s early: client c was told so")
    assert text.endswith("extended it for 10 s")


def test_the_time_counts_from_the_sending_of_the_last_renewal() -> None:
    renewal = keep_alive(5 * SECOND, 8 * SECOND, 7, ttl=10)
    assert problems(GRANT, renewal, expired(14))
    assert not problems(GRANT, renewal, expired(15))


def test_a_renewal_of_a_lease_that_had_ended_is_found() -> None:
    assert problems(GRANT, expired(11), keep_alive(12 * SECOND, 13 * SECOND, 7, ttl=10))


def test_a_refused_renewal_proves_the_end() -> None:
    assert problems(GRANT, keep_alive(5 * SECOND, 6 * SECOND, 7, ttl=0))
    assert not problems(GRANT, keep_alive(9 * SECOND, 10 * SECOND, 7, ttl=0))


def test_the_time_is_that_of_the_answer() -> None:
    assert not problems(GRANT, keep_alive(5 * SECOND, 6 * SECOND, 7, ttl=3), expired(10))


def test_a_missing_key_proves_the_end_of_its_lease() -> None:
    assert problems(GRANT, LEASED, get(3 * SECOND, 4 * SECOND, "a", revision=3))
    assert problems(GRANT, LEASED, ranged(3 * SECOND, 4 * SECOND, "", revision=3))
    assert problems(GRANT, LEASED, get(3 * SECOND, 4 * SECOND, "a", revision=3, serializable=True))


def test_a_deletion_that_a_watch_saw_proves_the_end() -> None:
    (text,) = problems(GRANT, LEASED, event(5 * SECOND, "a", None, 3))
    assert "watch w of client w saw the end of a=x at revision 2" in text


def test_a_read_before_the_write_proves_nothing() -> None:
    assert not problems(GRANT, LEASED, get(3 * SECOND, 4 * SECOND, "a", revision=1, serializable=True))


def test_a_deleted_key_proves_nothing() -> None:
    read = get(5 * SECOND, 6 * SECOND, "a", revision=4)
    assert not problems(GRANT, LEASED, delete(3 * SECOND, 4 * SECOND, "a", revision=3), read)
    assert not problems(GRANT, LEASED, delete(3 * SECOND, 4 * SECOND, "a", outcome=Outcome.UNKNOWN), read)


def test_a_key_that_may_have_another_lease_proves_nothing() -> None:
    other = put(3 * SECOND, 4 * SECOND, "a", "y", lease=8, outcome=Outcome.UNKNOWN)
    assert not problems(GRANT, LEASED, other, get(5 * SECOND, 6 * SECOND, "a", revision=4))


def test_a_revoked_lease_ends_at_once() -> None:
    for outcome in (Outcome.OK, Outcome.UNKNOWN):
        revoked = revoke(3 * SECOND, 4 * SECOND, 7, revision=3, outcome=outcome)
        assert not problems(GRANT, LEASED, revoked, expired(5))


def test_a_later_revocation_explains_no_end() -> None:
    assert problems(GRANT, LEASED, expired(2), revoke(3 * SECOND, 4 * SECOND, 7, revision=3))
    failed = revoke(1 * SECOND, 2 * SECOND, 7, outcome=Outcome.FAILED)
    assert problems(GRANT, LEASED, failed, expired(5))
