"""Lists what a DigitalOcean account has (API v2), page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pulumi

from components.api.http_client import NoAnswerError, ask_api
from components.api.retry import PAUSES, is_temporary, retry_delay
from components.shared.paging import has_next_page, page_url

REQUEST_TIMEOUT_SECONDS = 10

SCOPES = {
    "droplets": "droplet:read or tag:read",
    "firewalls": "firewall:read",
    "tags": "tag:read",
    "volumes": "block_storage:read",
    "vpcs": "vpc:read",
}
"""The scopes that a token needs to list a kind of resource."""


class ListingError(Exception):
    """The API did not list a kind of resource. The text says why."""

    def __init__(self, text: str, *, temporary: bool) -> None:
        super().__init__(text)
        self.temporary = temporary
        """Whether a retry may succeed soon, because the API was busy or did not answer."""


async def list_all(
    api_url: str, kind: str, token: str, *, pauses: Sequence[float] = (), **only: str
) -> list[Mapping[str, Any]]:
    """List all resources of a kind (``droplets``, ``vpcs``, …).

    ``only`` restricts the listing to a ``region`` or a ``tag_name``. ``pauses`` are the seconds before each retry
    while the API is busy or does not answer. Raises ``ListingError``.
    """
    items: list[Mapping[str, Any]] = []
    number, more = 1, True
    try:
        while more:
            answer = await ask_with_retries(page_url(api_url, kind, only, number), token, pauses)
            status = answer.status_code
            if status != 200:
                raise ListingError(
                    f"{api_url} answered {status} to the listing of {kind}{_cause(status, kind)}",
                    temporary=is_temporary(status),
                )
            page = answer.json()
            items += page[kind]
            number, more = number + 1, has_next_page(page)
    except NoAnswerError as error:
        raise ListingError(f"{api_url} did not list the {kind}: {error}", temporary=True) from error
    except (ValueError, KeyError) as error:
        text = f"{api_url} did not list the {kind}: {type(error).__name__} {error}"
        raise ListingError(text, temporary=False) from error
    return items


def _cause(status: int, kind: str) -> str:
    match status:
        case 401:
            return ": the token is not valid, or not valid any more"
        case 403:
            return f": the token lacks the scope {SCOPES[kind]}"
        case _:
            return ""


async def ask_with_retries(url: str, token: str, pauses: Sequence[float] = PAUSES) -> httpx.Response:
    """Send a ``GET``, and retry it after each of ``pauses`` while the API is busy or does not answer.

    Raises ``NoAnswerError``.
    """
    where = url.partition("?")[0]
    for pause in pauses:
        try:
            answer = await ask_api(url, token, seconds=REQUEST_TIMEOUT_SECONDS)
        except NoAnswerError as error:
            problem, wait = f"did not answer ({error})", retry_delay(pause, {})
        else:
            if not is_temporary(answer.status_code):
                return answer
            problem, wait = f"answered {answer.status_code}", retry_delay(pause, answer.headers)
        pulumi.log.info(f"{where} {problem}: retrying in {wait:.0f} s")
        await asyncio.sleep(wait)
    return await ask_api(url, token, seconds=REQUEST_TIMEOUT_SECONDS)
