"""No certificate is issued while this machine's clock is wrong."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from components.api.clock import ApiClock
from components.pki.clock_check import ClockError, check_clock

NOW = 1_800_000_000.0


def clock(ahead: float) -> ApiClock:
    found = ApiClock("https://api.digitalocean.com")
    found.note(formatdate(NOW, usegmt=True), sent=NOW + ahead, received=NOW + ahead + 0.1)
    return found


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
def test_a_wrong_clock_is_refused_with_the_difference(ahead: float) -> None:
    with pytest.raises(ClockError, match=r"clock is (0:59:59 ahead of|1:00:00 behind) .* Nothing was issued"):
        check_clock(clock(ahead))


def test_a_clock_that_is_right_within_seconds_may_issue() -> None:
    check_clock(clock(2.0))
