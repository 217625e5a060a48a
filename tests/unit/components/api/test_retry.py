"""How long a run leaves an API alone that does not answer as it should."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from components.api.retry import LONGEST_SECONDS, retry_delay


@pytest.mark.parametrize(
    ("headers", "least"),
    [
        ({}, 2),
        ({"retry-after": "1"}, 2),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "3600"}, LONGEST_SECONDS),
        ({"retry-after": "soon"}, 2),
        ({"retry-after": "5", "ratelimit-reset": str(time.time() + 3000)}, 5),
    ],
    ids=["nothing said", "shorter", "longer", "an hour", "no number", "the nearer one"],
)
def test_a_pause_is_as_long_as_the_api_says_within_limits(headers: dict[str, str], least: float) -> None:
    for _ in range(20):
        assert least <= retry_delay(2, headers) <= 1.5 * least


def test_the_reset_counts_from_now() -> None:
    assert 29 < retry_delay(2, {"ratelimit-reset": str(time.time() + 30)}) <= 45


def test_the_reset_counts_by_the_clock_of_the_api() -> None:
    present = time.time() - 7200
    headers = {"ratelimit-reset": str(present + 30), "date": formatdate(present, usegmt=True)}
    assert 29 < retry_delay(2, headers) <= 46.5


def test_no_two_runs_come_back_at_once() -> None:
    assert len({retry_delay(2, {}) for _ in range(20)}) > 1
