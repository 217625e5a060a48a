"""The dates of certificates, and what is said about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from components.pki.validity import Lifetime, Renewal, parse_time

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = Lifetime(START, START + timedelta(hours=8760))
LATER = Lifetime(START + timedelta(days=9), START + timedelta(days=374))
CA = Lifetime(START, START + timedelta(hours=87600))
LATER_CA = Lifetime(START + timedelta(days=9), START + timedelta(hours=87600, days=9))
RENEWAL = Renewal.of([LATER, YEAR], [CA, LATER_CA], share=720 / 8760)


def test_the_certificate_that_ends_first_sets_the_dates() -> None:
    assert RENEWAL.renew_before == datetime(2027, 1, 1, tzinfo=UTC)
    assert RENEWAL.renews_from == datetime(2026, 12, 2, tzinfo=UTC)


def test_dates_are_shown_in_utc_and_read_back() -> None:
    assert RENEWAL.shown() == {
        "renewsFrom": "2026-12-02T00:00:00Z",
        "renewBefore": "2027-01-01T00:00:00Z",
        "authorityEnds": "2035-12-30T00:00:00Z",
    }
    assert Renewal.recorded(RENEWAL.shown()) == RENEWAL


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T21:00:00Z", datetime(2026, 11, 23, 21, tzinfo=UTC)),
        ("2026-11-23T21:00:00.123456789+02:00", datetime(2026, 11, 23, 19, tzinfo=UTC)),
    ],
)
def test_the_providers_times_are_read(text: str, moment: datetime) -> None:
    assert parse_time(text) == moment


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (datetime(2026, 12, 1, tzinfo=UTC), ""),
        (datetime(2026, 12, 2, tzinfo=UTC), "certificates expire on 2027-01-01T00:00:00Z"),
        (datetime(2027, 1, 1, tzinfo=UTC), "certificates expired on 2027-01-01T00:00:00Z"),
    ],
)
def test_a_warning_names_the_date_once_it_is_near_or_past(now: datetime, words: str) -> None:
    said = RENEWAL.warning(now)
    assert said.startswith(words)
    assert bool(said) == bool(words)


def test_a_ca_that_its_certificates_outlive_is_to_be_replaced() -> None:
    assert RENEWAL.authority_warning() == ""
    short = Renewal.of([YEAR], [Lifetime(START, START + timedelta(days=300)), CA], share=0.1)
    assert "2026-10-28T00:00:00Z" in short.authority_warning()
    assert "etcd:authorities" in short.authority_warning()
