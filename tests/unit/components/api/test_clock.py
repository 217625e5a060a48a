"""A wrong clock of the operator's machine is found by the API's header ``Date``."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from components.api.clock import ApiClock

API = "https://api.digitalocean.com"
NOW = 1_800_000_000.0


def clock(*answers: tuple[float, float, float]) -> ApiClock:
    """Answers of an API whose clock is right: by how much this one is ahead, and seconds to and from the API."""
    found = ApiClock(API)
    for ahead, there, back in answers:
        found.note(formatdate(NOW, usegmt=True), sent=NOW + ahead - there, received=NOW + ahead + back)
    return found


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (12.5, "is 0:00:11 ahead of"),
        (7380.0, "is 2:02:59 ahead of"),
        (-15.0, "is 0:00:15 behind"),
        (-40 * 86400.0, "is 40 days, 0:00:00 behind"),
    ],
)
def test_a_wrong_clock_is_told_with_the_difference(ahead: float, words: str) -> None:
    problem = clock((ahead, 0.1, 0.1)).problem
    assert f"this machine's clock {words} that of {API}" in problem
    assert "Set it right" in problem


@pytest.mark.parametrize("ahead", [0.0, 7380.0, -40 * 86400.0])
def test_a_moment_of_a_wrong_clock_is_told_by_the_apis(ahead: float) -> None:
    assert clock((ahead, 0.1, 0.1)).api_time(NOW + ahead) == pytest.approx(NOW, abs=1.2)


@pytest.mark.parametrize("ahead", [0.0, 9.0, -9.0])
def test_a_small_difference_is_tolerated(ahead: float) -> None:
    assert clock((ahead, 0.1, 0.1)).problem == ""


def test_a_slow_answer_proves_no_difference() -> None:
    assert clock((0.0, 60.0, 0.0)).problem == clock((0.0, 0.0, 60.0)).problem == ""


def test_a_quick_answer_after_a_slow_one_shows_the_difference() -> None:
    assert clock((30.0, 60.0, 0.1)).problem == ""
    assert "ahead of" in clock((30.0, 60.0, 0.1), (30.0, 0.1, 0.1)).problem


@pytest.mark.parametrize(("ahead", "sure"), [(0.0, 0.0), (30.0, 28.9), (-30.0, -29.9)])
def test_the_difference_is_the_least_that_the_answers_prove(ahead: float, sure: float) -> None:
    assert clock((ahead, 0.1, 0.1)).ahead == pytest.approx(sure)
    assert ApiClock(API).ahead == 0.0


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_an_answer_without_a_date_proves_nothing(date: str | None) -> None:
    found = ApiClock(API)
    found.note(date, sent=NOW, received=NOW)
    assert found.problem == ""
