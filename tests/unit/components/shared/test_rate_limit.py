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
        ({"retry-after": "70", "ratelimit-reset": "1060"}, 70),
        ({"retry-after": "29", "ratelimit-reset": "1002"}, 29),
        ({"retry-after": "0", "ratelimit-reset": "4600"}, 0),
        ({"ratelimit-reset": "900"}, 0),
        ({"retry-after": "soon", "ratelimit-reset": "later"}, 0),
    ],
)
def test_retry_after_counts_before_the_reset_of_the_hour(headers: dict[str, str], seconds: float) -> None:
    assert requested_pause(headers, NOW) == seconds
