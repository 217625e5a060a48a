"""An existing DNS record that the stack takes over, because it has the wanted content (Cloudflare API v4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..api.retrying_client import RetryingClient
from ..config.loading import ProviderAccess
from .search import address_records


async def find_record(
    access: ProviderAccess, zone_id: str, name: str, content: str
) -> Mapping[str, Any] | None:
    """Find the A record with a name and a content in a Cloudflare zone."""
    records = await address_records(access, zone_id, name)
    return next((record for record in records if record["content"] == content), None)


async def adapt_record(
    access: ProviderAccess, zone_id: str, record: Mapping[str, Any], wanted: Mapping[str, Any]
) -> None:
    """Change the properties of a record that differ from the wanted ones."""
    if any(record.get(key) != value for key, value in wanted.items()):
        async with RetryingClient(access, "/") as api:
            (await api.patch(f"zones/{zone_id}/dns_records/{record['id']}", wanted)).raise_for_status()
