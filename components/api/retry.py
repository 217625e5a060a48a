"""When to retry a request that an API did not answer as it should."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping

import httpx

from ..shared.api_errors import is_api_error
from ..shared.rate_limit import requested_pause
from .clock import answered_at

PAUSES = (1, 2, 4, 8, 15, 30)
"""Seconds before each retry. Together they last a minute, because the API counts requests by the minute."""

LISTING_LAG_SECONDS = 5.0
"""Seconds after which a listing has what was created (https://github.com/digitalocean/pydo/issues/468)."""

LONGEST_SECONDS = 60.0
"""Longest pause in seconds. A run whose requests of the hour are used up fails, and does not wait for the next hour."""


def is_temporary(answer: httpx.Response) -> bool:
    """Whether a retry may succeed soon.

    The API was busy, or failed with a status other than 501, or a server in front of it refused the request.
    """
    status = answer.status_code
    return status == 429 or (status >= 500 and status != 501) or is_of_another_server(answer)


def is_of_another_server(answer: httpx.Response) -> bool:
    """Whether a refusal is not the API's own: it has neither DigitalOcean's nor Cloudflare's form.

    Cloudflare's servers in front of an API answer 403 now and then, to a request that the API would have accepted.
    """
    return (
        answer.status_code in {401, 403}
        and not is_api_error(answer.content)
        and b'"errors"' not in answer.content
    )


def retry_delay(pause: float, headers: Mapping[str, str]) -> float:
    """Seconds before the next retry: ``pause``, or longer if the answer's headers ask for it, and up to half more.

    The random part keeps several runs apart.
    """
    # Headers have times by the API's clock, and this machine's may be wrong.
    now = answered_at(headers.get("date")) or time.time()
    asked = min(requested_pause(headers, now), LONGEST_SECONDS)
    return max(pause, asked) * (1 + random.random() / 2)  # noqa: S311 - no secret
