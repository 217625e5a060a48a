"""Names that the providers' APIs list as taken (DigitalOcean API v2, Cloudflare API v4)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from components.api.http_client import NoAnswerError
from components.api.listing import ListingError, ask_patiently, list_all
from components.api.retry import PAUSES
from components.config.loading import ProviderAccess

RECORDS_PAGE_SIZE = 1000


class UnlistedError(Exception):
    """An API did not say which names are taken; the text says why."""


async def names_in_account(access: ProviderAccess, kind: str, **only: str) -> frozenset[str]:
    """Names of DigitalOcean's things of a kind (``vpcs``, ``firewalls``, ``volumes``), ``only`` those of a ``region``.

    Raises ``UnlistedError``.
    """
    try:
        items = await list_all(access.api_url, kind, access.token, pauses=PAUSES, **only)
    except ListingError as error:
        raise UnlistedError(f"{error} (asked with digitalocean:token). Run pulumi up again") from error
    return frozenset(item["name"] for item in items)


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
        answer = await ask_patiently(url, access.token)
    except NoAnswerError as error:
        raise UnlistedError(f"{where} did not answer: {error}. Run pulumi up again") from error
    if answer.status_code != 200:
        raise UnlistedError(
            f"{where} answered {answer.status_code}: {answer.text[:200]}. Run pulumi up again"
        )
    return answer.json()
