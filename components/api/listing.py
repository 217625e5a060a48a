"""Listings of DigitalOcean's API v2, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pulumi

from components.api.http_client import NoAnswerError, ask_api
from components.api.retry import PAUSES, before_asking_again, passing
from components.shared.paging import has_next_page, page_url

REQUEST_TIMEOUT_SECONDS = 10

SCOPES = {
    "droplets": "droplet:read or tag:read",
    "firewalls": "firewall:read",
    "tags": "tag:read",
    "volumes": "block_storage:read",
    "vpcs": "vpc:read",
}
"""What a token needs to list a kind of thing."""


class ListingError(Exception):
    """The API did not list what it was asked for; the text says why."""

    def __init__(self, text: str, *, passing: bool) -> None:
        super().__init__(text)
        self.passing = passing
        """Whether it may be another answer soon: the API was busy or away."""


async def list_all(
    api_url: str, kind: str, token: str, *, pauses: Sequence[float] = (), **only: str
) -> list[Mapping[str, Any]]:
    """All things of a kind (``droplets``, ``vpcs``, …), ``only`` those of a ``region`` or with a ``tag_name``.

    ``pauses`` are those before asking an API again that is busy or away. Raises ``ListingError``.
    """
    items: list[Mapping[str, Any]] = []
    number, more = 1, True
    try:
        while more:
            answer = await ask_patiently(page_url(api_url, kind, only, number), token, pauses)
            status = answer.status_code
            if status != 200:
                raise ListingError(
                    f"{api_url} answered {status} to the listing of {kind}{_cause(status, kind)}",
                    passing=passing(status),
                )
            page = answer.json()
            items += page[kind]
            number, more = number + 1, has_next_page(page)
    except NoAnswerError as error:
        raise ListingError(f"{api_url} did not list the {kind}: {error}", passing=True) from error
    except (ValueError, KeyError) as error:
        text = f"{api_url} did not list the {kind}: {type(error).__name__} {error}"
        raise ListingError(text, passing=False) from error
    return items


def _cause(status: int, kind: str) -> str:
    match status:
        case 401:
            return ": the token is not valid (any more)"
        case 403:
            return f": the token lacks the scope {SCOPES[kind]}"
        case _:
            return ""


async def ask_patiently(url: str, token: str, pauses: Sequence[float] = PAUSES) -> httpx.Response:
    """An API's answer, asked again after each of ``pauses`` while it is busy or away. Raises ``NoAnswerError``."""
    where = url.partition("?")[0]
    for pause in pauses:
        try:
            answer = await ask_api(url, token, seconds=REQUEST_TIMEOUT_SECONDS)
        except NoAnswerError as error:
            seen, wait = f"did not answer ({error})", before_asking_again(pause, {})
        else:
            if not passing(answer.status_code):
                return answer
            seen, wait = f"answered {answer.status_code}", before_asking_again(pause, answer.headers)
        pulumi.log.info(f"{where} {seen}: asking again in {wait:.0f} s")
        await asyncio.sleep(wait)
    return await ask_api(url, token, seconds=REQUEST_TIMEOUT_SECONDS)
