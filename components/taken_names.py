"""Names that the providers' APIs list as taken (DigitalOcean API v2, Cloudflare API v4)."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

from components.configuration import ProviderAccess
from components.http_client import NoAnswerError, ask_api

REQUEST_TIMEOUT_SECONDS = 10
PAUSES = (1, 2, 4, 8, 15, 30)
"""Seconds before asking again: DigitalOcean counts requests by the minute."""
PAGE_SIZE = 200
RECORDS_PAGE_SIZE = 1000


class UnlistedError(Exception):
    """An API did not say which names are taken; the text says why."""


async def names_in_account(access: ProviderAccess, kind: str, **only: str) -> frozenset[str]:
    """Names of DigitalOcean's things of a kind (``vpcs``, ``firewalls``, ``volumes``), ``only`` those of a ``region``.

    Raises ``UnlistedError``.
    """
    names: set[str] = set()
    url: str | None = f"{access.api_url}/v2/{kind}?{urlencode({**only, 'per_page': PAGE_SIZE})}"
    while url:
        page = await _page(url, access)
        names |= {item["name"] for item in page[kind]}
        url = page.get("links", {}).get("pages", {}).get("next")
    return frozenset(names)


async def names_in_zone(access: ProviderAccess, zone_id: str, domain: str) -> frozenset[str]:
    """Names below a domain that have an A record in a Cloudflare zone. Raises ``UnlistedError``."""
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
        answer = await ask_api(url, access.token, seconds=REQUEST_TIMEOUT_SECONDS)
        for pause in PAUSES:
            if answer.status != 429:
                break
            await asyncio.sleep(pause)
            answer = await ask_api(url, access.token, seconds=REQUEST_TIMEOUT_SECONDS)
    except NoAnswerError as error:
        raise UnlistedError(f"{where} did not answer: {error}. Run pulumi up again") from error
    if answer.status != 200:
        raise UnlistedError(f"{where} answered {answer.status}: {answer.text[:200]}. Run pulumi up again")
    return answer.json()
