"""Lists names that exist already (DigitalOcean API v2, Cloudflare API v4)."""

from __future__ import annotations

from ..config.loading import ProviderAccess
from ..config.naming import provider_key
from .listing import ListingError, list_all
from .retry import PAUSES
from .zone_records import RecordsNotListedError, records_in_zone


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
    try:
        records = await records_in_zone(
            access, zone_id, PAUSES, **{"type": "A", "name.endswith": f".{domain}"}
        )
    except RecordsNotListedError as error:
        raise NamesNotListedError(str(error)) from error
    return frozenset(record["name"] for record in records)
