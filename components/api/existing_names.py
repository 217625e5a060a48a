"""Lists names that exist already (DigitalOcean API v2, Cloudflare API v4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from ..config.loading import ProviderAccess
from ..config.naming import provider_key
from .http_client import NoAnswerError
from .listing import ListingError, ask_with_retries, list_all
from .retry import PAUSES

RECORDS_PAGE_SIZE = 1000


class NamesNotListedError(Exception):
    """An API did not list the existing names. The text says why."""


async def names_in_account(access: ProviderAccess, kind: str, **only: str) -> frozenset[str]:
    """List the names of a DigitalOcean account's ``vpcs``, ``firewalls`` or ``volumes``.

    ``only`` restricts them to a ``region``. Raises ``NamesNotListedError``.
    """
    try:
        items = await list_all(access.api_url, kind, access.token, pauses=PAUSES, clock=None, **only)
    except ListingError as error:
        raise NamesNotListedError(
            f"{error}. The request used {provider_key('digitalocean:token')}. Run pulumi up again"
        ) from error
    return frozenset(item["name"] for item in items)


async def names_in_zone(access: ProviderAccess, zone_id: str, domain: str) -> frozenset[str]:
    """List the names below a domain that have an A record in a Cloudflare zone. Raises ``NamesNotListedError``."""
    records = await records_in_zone(access, zone_id, PAUSES, **{"type": "A", "name.endswith": f".{domain}"})
    return frozenset(record["name"] for record in records)


async def records_in_zone(
    access: ProviderAccess, zone_id: str, pauses: Sequence[float], **only: str
) -> list[Mapping[str, Any]]:
    """List the records of a Cloudflare zone that pass the filters of ``only``. Raises ``NamesNotListedError``."""
    records: list[Mapping[str, Any]] = []
    number, last = 1, 1
    while number <= last:
        query = {**only, "per_page": RECORDS_PAGE_SIZE, "page": number}
        url = f"{access.api_url}/zones/{zone_id}/dns_records?{urlencode(query)}"
        page = await _page(url, access, pauses)
        try:
            records += page["result"]
            number, last = number + 1, page["result_info"]["total_pages"]
        except (KeyError, TypeError) as error:
            raise _not_listed(url, f"answered without a list of records: {error!r}") from error
    return records


async def _page(url: str, access: ProviderAccess, pauses: Sequence[float]) -> dict[str, Any]:
    try:
        answer = await ask_with_retries(url, access.token, pauses)
    except NoAnswerError as error:
        raise _not_listed(url, f"did not answer: {error}") from error
    if answer.status_code != 200:
        raise _not_listed(url, f"answered {answer.status_code}: {answer.text[:200]}")
    try:
        return answer.json()
    except ValueError as error:
        # Such as the page of a proxy that asks for a login.
        raise _not_listed(url, f"did not answer in JSON: {answer.text[:200]}") from error


def _not_listed(url: str, problem: str) -> NamesNotListedError:
    where = url.partition("?")[0]
    return NamesNotListedError(
        f"{where} {problem}. The request used {provider_key('cloudflare:apiToken')}. Run pulumi up again"
    )
