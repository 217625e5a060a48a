"""What the headers of an answer ask for."""

from __future__ import annotations

import pytest

from components.shared.rate_limit import requested_pause

NOW = 1_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "7"}, 7),
        ({"ratelimit-reset": "1060"}, 60),
        ({"retry-after": "7", "ratelimit-reset": "1060"}, 7),
        ({"retry-after": "70", "ratelimit-reset": "1060"}, 60),
        ({"ratelimit-reset": "900"}, 0),
        ({"retry-after": "soon", "ratelimit-reset": "later"}, 0),
    ],
)
def test_the_shorter_pause_counts_and_one_that_is_over_does_not(
    headers: dict[str, str], seconds: float
) -> None:
    assert requested_pause(headers, NOW) == seconds
