"""Removing what no stack knows, by the providers' own APIs (DigitalOcean API v2, Cloudflare API v4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from components.api.listing import list_all
from components.api.retry import PAUSES
from components.api.retrying_client import RetryingClient
from components.config.loading import ProviderAccess

BLANK_FOR = timedelta(hours=24)
"""An older volume may have a history that the API does not show any more."""


class NameInUseError(Exception):
    """Something has the name of what is to be created, and may be somebody's; the text says what to do."""


async def remove_named(access: ProviderAccess, kind: str, name: str, ours: Mapping[str, Any]) -> list[str]:
    """Remove the DigitalOcean object of a kind (``vpcs``, ``firewalls``) and a name.

    Raises ``ListingError``, or ``NameInUseError`` when a property differs from ``ours``: it is not ours.
    """
    async with RetryingClient(access, "/v2/") as api:
        for item in await list_all(access.api_url, kind, access.token, pauses=PAUSES):
            if item["name"] != name:
                continue
            if any(item.get(key) != value for key, value in ours.items()):
                raise NameInUseError(
                    f"DigitalOcean has another of {kind} called {name} ({item['id']}), which is not this program's: "
                    "rename or delete it, or give the stack another name"
                )
            (await api.delete(f"{kind}/{item['id']}")).raise_for_status()
            return [f"{kind.removesuffix('s')} {name}"]
    return []


async def remove_blank_volume(access: ProviderAccess, name: str, region: str, description: str) -> list[str]:
    """Remove the volume of a name, if it is new and was never attached. Raises ``NameInUseError`` otherwise."""
    async with RetryingClient(access, "/v2/") as api:
        answer = await api.get("volumes", {"name": name, "region": region})
        for volume in answer.raise_for_status().json()["volumes"]:
            path = f"volumes/{volume['id']}"
            used = (await api.get(f"{path}/actions")).raise_for_status().json()["actions"]
            age = datetime.now(UTC) - datetime.fromisoformat(volume["created_at"])
            blank = not used and not volume["droplet_ids"] and age < BLANK_FOR
            if not blank or volume["description"] != description:
                raise NameInUseError(
                    f"volume {name} ({volume['id']}) exists in {region} and belongs to no stack: it may hold a "
                    "member's data. Delete it in DigitalOcean if it is not needed, and run pulumi up again"
                )
            (await api.delete(path)).raise_for_status()
            return [f"volume {name}"]
    return []


async def remove_record(access: ProviderAccess, zone_id: str, name: str, comment: str) -> list[str]:
    """Remove the A record of a name in a Cloudflare zone. Raises ``NameInUseError`` when it is not ours."""
    async with RetryingClient(access, "/") as api:
        path = f"zones/{zone_id}/dns_records"
        answer = await api.get(path, {"name.exact": name, "type": "A"})
        records = answer.raise_for_status().json()["result"]
        for record in records:
            if record.get("comment") != comment:
                raise NameInUseError(
                    f"the zone has another A record for {name}, to {record['content']}, which is not this program's: "
                    "delete it, or use another etcd:domain"
                )
            (await api.delete(f"{path}/{record['id']}")).raise_for_status()
        return [f"record {name}" for _ in records]
