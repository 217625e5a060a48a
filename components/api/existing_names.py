"""Lists names that exist already (DigitalOcean API v2, Cloudflare API v4)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from components.api.http_client import NoAnswerError
from components.api.listing import ListingError, ask_with_retries, list_all
from components.api.retry import PAUSES
from components.config.loading import ProviderAccess

RECORDS_PAGE_SIZE = 1000


class NamesNotListedError(Exception):
    """An API did not list the existing names. The text says why."""


async def names_in_account(access: ProviderAccess, kind: str, **only: str) -> frozenset[str]:
    """List the names of a DigitalOcean account's ``vpcs``, ``firewalls`` or ``volumes``.

    ``only`` restricts them to a ``region``. Raises ``NamesNotListedError``.
    """
    try:
        items = await list_all(access.api_url, kind, access.token, pauses=PAUSES, **only)
    except ListingError as error:
        raise NamesNotListedError(
            f"{error}. The request used digitalocean:token. Run pulumi up again"
        ) from error
    return frozenset(item["name"] for item in items)


async def names_in_zone(access: ProviderAccess, zone_id: str, domain: str) -> frozenset[str]:
    """List the names below a domain that have an A record in a Cloudflare zone. Raises ``NamesNotListedError``."""
    names: set[str] = set()
    number, last = 1, 1
    while number <= last:
        query = {"type": "A", "name.endswith": f".{domain}", "per_page": RECORDS_PAGE_SIZE, "page": number}
        page = await _page(f"{access.api_url}/zones/{zone_id}/dns_records?{urlencode(query)}", access)
        names |= {record["name"] for record in page["result"]}
        number, last = number + 1, page["result_info"]["total_pages"]
    return frozenset(names)


async def _page(url: str, access: ProviderAccess) -> dict[str, Any]:
    where = url.partition("?")[0]
    try:
        answer = await ask_with_retries(url, access.token)
    except NoAnswerError as error:
        raise NamesNotListedError(f"{where} did not answer: {error}. Run pulumi up again") from error
    if answer.status_code != 200:
        raise NamesNotListedError(
            f"{where} answered {answer.status_code}: {answer.text[:200]}. Run pulumi up again"
        )
    return answer.json()
