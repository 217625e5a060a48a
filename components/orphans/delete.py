"""Deletes orphans through the providers' APIs (DigitalOcean API v2, Cloudflare API v4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from components.api.listing import list_all
from components.api.retry import PAUSES
from components.api.retrying_client import RetryingClient
from components.config.loading import ProviderAccess

BLANK_FOR = timedelta(hours=24)
"""A volume older than this may have been attached without a trace in the API, so it is not deleted."""


class NameInUseError(Exception):
    """The name of a resource exists already, and may be somebody else's. The text says what to do."""


async def remove_named(access: ProviderAccess, kind: str, name: str, ours: Mapping[str, Any]) -> list[str]:
    """Delete the DigitalOcean resource of a kind (``vpcs``, ``firewalls``) with a name. Returns what was deleted.

    Raises ``ListingError``. Raises ``NameInUseError`` when a property differs from ``ours``: it is not this cluster's.
    """
    async with RetryingClient(access, "/v2/") as api:
        for item in await list_all(access.api_url, kind, access.token, pauses=PAUSES):
            if item["name"] != name:
                continue
            if any(item.get(key) != value for key, value in ours.items()):
                raise NameInUseError(
                    f"the DigitalOcean account has another {kind.removesuffix('s')} called {name} ({item['id']}), "
                    "which does not belong to this stack. Rename or delete it, or give the stack another name"
                )
            (await api.delete(f"{kind}/{item['id']}")).raise_for_status()
            return [f"{kind.removesuffix('s')} {name}"]
    return []


async def remove_blank_volume(access: ProviderAccess, name: str, region: str, description: str) -> list[str]:
    """Delete the volume with a name if it is new and was never attached. Raises ``NameInUseError`` otherwise."""
    async with RetryingClient(access, "/v2/") as api:
        answer = await api.get("volumes", {"name": name, "region": region})
        for volume in answer.raise_for_status().json()["volumes"]:
            path = f"volumes/{volume['id']}"
            used = (await api.get(f"{path}/actions")).raise_for_status().json()["actions"]
            age = datetime.now(UTC) - datetime.fromisoformat(volume["created_at"])
            blank = not used and not volume["droplet_ids"] and age < BLANK_FOR
            if not blank or volume["description"] != description:
                raise NameInUseError(
                    f"volume {name} ({volume['id']}) exists in {region} and is not in this stack: it may hold a "
                    "member's data. If nobody needs it, delete it in DigitalOcean and run pulumi up again"
                )
            (await api.delete(path)).raise_for_status()
            return [f"volume {name}"]
    return []


async def remove_record(access: ProviderAccess, zone_id: str, name: str, comment: str) -> list[str]:
    """Delete the A record of a name in a Cloudflare zone. Raises ``NameInUseError`` when it is not this cluster's."""
    async with RetryingClient(access, "/") as api:
        path = f"zones/{zone_id}/dns_records"
        answer = await api.get(path, {"name.exact": name, "type": "A"})
        records = answer.raise_for_status().json()["result"]
        for record in records:
            if record.get("comment") != comment:
                raise NameInUseError(
                    f"the zone has another A record for {name}, to {record['content']}, which does not belong to this "
                    "stack. Delete it, or use another etcd:domain"
                )
            (await api.delete(f"{path}/{record['id']}")).raise_for_status()
        return [f"record {name}" for _ in records]
