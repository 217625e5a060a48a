"""Lists what a DigitalOcean account has (API v2), page by page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from ..run_log import log
from ..shared.paging import has_next_page, page_url
from .clock import ApiClock
from .http_client import BrokenTokenError, NoAnswerError, ask_api
from .retry import PAUSES, is_of_another_server, is_temporary, retry_delay

REQUEST_TIMEOUT_SECONDS = 10
"""Seconds after which a request without an answer fails."""

SCOPES = {
    "account": "account:read",
    "droplets": "droplet:read or tag:read",
    "firewalls": "firewall:read",
    "images": "image:read",
    "regions": "regions:read",
    "sizes": "sizes:read",
    "ssh_keys": "ssh_key:read",
    "tags": "tag:read",
    "volumes": "block_storage:read",
    "vpcs": "vpc:read",
}
"""The scopes that a token needs to list a kind of resource."""

PATHS = {"ssh_keys": "account/keys"}
"""The path below ``/v2/`` of each kind that is not listed at its own name."""


class ListingError(Exception):
    """The API did not list a kind of resource. The text says why."""

    def __init__(self, text: str, *, temporary: bool, refused: bool = False) -> None:
        super().__init__(text)
        self.temporary = temporary
        """Whether a retry may succeed soon, because the API was busy or did not answer."""
        self.refused = refused
        """Whether the API refused the token, or no request can have it. Another token or more scopes help."""


async def list_all(
    api_url: str,
    kind: str,
    token: str,
    *,
    pauses: Sequence[float] = (),
    clock: ApiClock | None = None,
    **only: str,
) -> list[Mapping[str, Any]]:
    """List all resources of a kind (``droplets``, ``vpcs``, …).

    ``only`` restricts the listing to a ``region`` or a ``tag_name``. ``pauses`` are the seconds before each retry
    while the API is busy or does not answer. ``clock`` notes when the API answered. Raises ``ListingError``.
    """
    items: list[Mapping[str, Any]] = []
    number, more = 1, True
    try:
        while more:
            url = page_url(api_url, PATHS.get(kind, kind), only, number)
            sent = time.time()
            answer = await ask_with_retries(url, token, pauses)
            if clock is not None:
                clock.note(answer.headers.get("date"), sent=sent, received=time.time())
            status = answer.status_code
            if status != 200:
                raise ListingError(
                    f"{api_url} answered {status} to the listing of {kind}{_cause(answer, kind)}",
                    temporary=is_temporary(answer),
                    refused=_refuses_token(answer),
                )
            page = answer.json()
            items += page[kind]
            number, more = number + 1, has_next_page(page)
    except NoAnswerError as error:
        text = f"{api_url} did not list the {kind}: {error}"
        refused = isinstance(error, BrokenTokenError)
        raise ListingError(text, temporary=not refused, refused=refused) from error
    except (ValueError, KeyError, TypeError) as error:
        text = f"{api_url} did not list the {kind}: {type(error).__name__} {error}"
        raise ListingError(text, temporary=False) from error
    return items


async def read_one(
    api_url: str, kind: str, key: str, token: str, *, pauses: Sequence[float] = ()
) -> Mapping[str, Any] | None:
    """Read one resource of a kind (``images``) by its id or slug. ``None`` if the API says that it does not exist.

    An empty key reads what the account has once (``account``). ``pauses`` are those of ``list_all``. Raises
    ``ListingError``.
    """
    what = f"{kind}/{key}" if key else kind
    try:
        answer = await ask_with_retries(f"{api_url}/v2/{quote(what)}", token, pauses)
        status = answer.status_code
        if status == 404:
            return None
        if status != 200:
            raise ListingError(
                f"{api_url} answered {status} to the request for {what}{_cause(answer, kind)}",
                temporary=is_temporary(answer),
                refused=_refuses_token(answer),
            )
        return answer.json()[kind.removesuffix("s")]
    except NoAnswerError as error:
        text = f"{api_url} did not answer about {what}: {error}"
        refused = isinstance(error, BrokenTokenError)
        raise ListingError(text, temporary=not refused, refused=refused) from error
    except (ValueError, KeyError, TypeError) as error:
        text = f"{api_url} did not tell {what}: {type(error).__name__} {error}"
        raise ListingError(text, temporary=False) from error


def _refuses_token(answer: httpx.Response) -> bool:
    return answer.status_code in {401, 403} and not is_of_another_server(answer)


def _cause(answer: httpx.Response, kind: str) -> str:
    if is_of_another_server(answer):
        return ". The answer is not the API's own, but that of a proxy or another server in front of it"
    match answer.status_code:
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
        except BrokenTokenError:
            raise
        except NoAnswerError as error:
            problem, wait = f"did not answer ({error})", retry_delay(pause, {})
        else:
            if not is_temporary(answer):
                return answer
            problem, wait = f"answered {answer.status_code}", retry_delay(pause, answer.headers)
        log.info(f"{where} {problem}: retrying in {wait:.0f} s")
        await asyncio.sleep(wait)
    return await ask_api(url, token, seconds=REQUEST_TIMEOUT_SECONDS)
