"""Listings of DigitalOcean's API v2, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from components.http_client import NoAnswerError, Response, ask_api

REQUEST_TIMEOUT_SECONDS = 10
PAGE_SIZE = 200
PAUSES = (1, 2, 4, 8, 15, 30)
"""Seconds before asking again where the API is busy: it counts requests by the minute."""


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

    ``pauses`` are those before asking a busy API again. Raises ``ListingError``.
    """
    items: list[Mapping[str, Any]] = []
    url: str | None = f"{api_url}/v2/{kind}?{urlencode({**only, 'per_page': PAGE_SIZE})}"
    try:
        while url:
            answer = await ask_patiently(url, token, pauses)
            if answer.status != 200:
                raise ListingError(
                    f"{api_url} answered {answer.status} to the listing of {kind}",
                    passing=answer.status == 429 or answer.status >= 500,
                )
            page = answer.json()
            items += page[kind]
            url = page.get("links", {}).get("pages", {}).get("next")
    except NoAnswerError as error:
        raise ListingError(f"{api_url} did not list the {kind}: {error}", passing=True) from error
    except (ValueError, KeyError) as error:
        text = f"{api_url} did not list the {kind}: {type(error).__name__} {error}"
        raise ListingError(text, passing=False) from error
    return items


async def ask_patiently(url: str, token: str, pauses: Sequence[float] = PAUSES) -> Response:
    """An API's answer, asked again after each of ``pauses`` while it is busy (429). Raises ``NoAnswerError``."""
    for pause in pauses:
        answer = await ask_api(url, token, seconds=REQUEST_TIMEOUT_SECONDS)
        if answer.status != 429:
            return answer
        await asyncio.sleep(pause)
    return await ask_api(url, token, seconds=REQUEST_TIMEOUT_SECONDS)
