"""Deletes orphans through the providers' APIs (DigitalOcean API v2, Cloudflare API v4)."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from ..api.clock import answered_at
from ..api.listing import list_all
from ..api.retry import PAUSES
from ..api.retrying_client import RetryingClient
from ..config.loading import ProviderAccess
from ..config.naming import key_of

BLANK_FOR = timedelta(hours=24)
"""A volume older than this may have been attached without a trace in the API, so it is not deleted."""


class NameInUseError(Exception):
    """The name of a resource exists already, and may be somebody else's. The text says what to do."""


async def remove_vpc(
    access: ProviderAccess, name: str, description: str, *, delete: bool = True
) -> list[str]:
    """Find the VPC with a name and a description. Returns what was found, and deletes it if ``delete`` is set.

    Raises ``ListingError``. Raises ``NameInUseError`` when the description differs, or when the VPC has members.
    """

    async def obstacle(api: RetryingClient, vpc: Mapping[str, Any]) -> str:
        if vpc.get("description") != description:
            return "which does not belong to this stack"
        answer = await api.get(f"vpcs/{vpc['id']}/members")
        members = [member["name"] for member in answer.raise_for_status().json()["members"]]
        return f"and {', '.join(members)} is in it" if members else ""

    return await _remove_named(access, "vpcs", name, obstacle, delete=delete)


async def remove_firewall(access: ProviderAccess, name: str, *, delete: bool = True) -> list[str]:
    """Find the firewall with a name that applies to the tag of this name. Returns what was found, and deletes it.

    Raises ``ListingError``. Raises ``NameInUseError`` when it applies to anything else, or protects a droplet.
    """

    async def obstacle(_: RetryingClient, firewall: Mapping[str, Any]) -> str:
        if firewall.get("tags") != [name] or firewall.get("droplet_ids"):
            return "which does not belong to this stack"
        tagged = await list_all(access.api_url, "droplets", access.token, pauses=PAUSES, tag_name=name)
        return f"and it protects droplet {', '.join(sorted(one['name'] for one in tagged))}" if tagged else ""

    return await _remove_named(access, "firewalls", name, obstacle, delete=delete)


async def _remove_named(
    access: ProviderAccess,
    kind: str,
    name: str,
    obstacle: Callable[[RetryingClient, Mapping[str, Any]], Awaitable[str]],
    *,
    delete: bool,
) -> list[str]:
    """Delete a resource that is in no stack. ``obstacle`` says why it must stay; the text is empty if it need not."""
    one = kind.removesuffix("s")
    async with RetryingClient(access, "/v2/") as api:
        for item in await list_all(access.api_url, kind, access.token, pauses=PAUSES):
            if item["name"] != name:
                continue
            if reason := await obstacle(api, item):
                raise NameInUseError(
                    f"the DigitalOcean account has a {one} called {name} ({item['id']}) that is not in this stack's "
                    f"state, {reason}. If it is this cluster's, import it (docs/recovery.md, Not in the state). "
                    "If it is not, rename it"
                )
            if delete:
                (await api.delete(f"{kind}/{item['id']}")).raise_for_status()
            return [f"{one} {name}"]
    return []


async def remove_blank_volume(
    access: ProviderAccess, name: str, region: str, description: str, *, delete: bool = True
) -> list[str]:
    """Find the volume with a name. Returns what was found, and deletes it if ``delete`` is set.

    Raises ``NameInUseError`` unless the volume is new and was never attached.
    """
    async with RetryingClient(access, "/v2/") as api:
        answer = await api.get("volumes", {"name": name, "region": region})
        for volume in answer.raise_for_status().json()["volumes"]:
            path = f"volumes/{volume['id']}"
            used = (await api.get(f"{path}/actions")).raise_for_status().json()["actions"]
            # By the API's clock, because this machine's may be wrong. Without it the volume does not count as new.
            listed = answered_at(answer.headers.get("date"))
            created = datetime.fromisoformat(volume["created_at"]).timestamp()
            age = math.inf if listed is None else listed - created
            blank = not used and not volume["droplet_ids"] and age < BLANK_FOR.total_seconds()
            if not blank or volume["description"] != description:
                raise NameInUseError(
                    f"volume {name} ({volume['id']}) exists in {region} and is not in this stack's state. It may hold "
                    "a member's data. Import it, and the member keeps its data: docs/recovery.md, Not in the state"
                )
            if delete:
                (await api.delete(path)).raise_for_status()
            return [f"volume {name}"]
    return []


async def remove_record(
    access: ProviderAccess, zone_id: str, name: str, comment: str | None, *, delete: bool = True
) -> list[str]:
    """Find the A records of a name in a Cloudflare zone. Returns what was found, and deletes it if ``delete`` is set.

    Raises ``NameInUseError`` if one has another comment. The ``comment`` is ``None`` in a preview of a new cluster.
    """
    async with RetryingClient(access, "/") as api:
        path = f"zones/{zone_id}/dns_records"
        answer = await api.get(path, {"name.exact": name, "type": "A"})
        records = answer.raise_for_status().json()["result"]
        for record in records:
            if record.get("comment") != comment:
                raise NameInUseError(
                    f"the zone has an A record for {name}, to {record['content']}, which does not carry this "
                    f"cluster's identity. If another cluster uses the name, set another {key_of('domain')}. If nothing "
                    "uses it, delete the record"
                )
            if delete:
                (await api.delete(f"{path}/{record['id']}")).raise_for_status()
        return [f"record {name}" for _ in records]


async def find_record(
    access: ProviderAccess, zone_id: str, name: str, content: str, changes: Mapping[str, Any]
) -> str | None:
    """The id of the A record with a name and a content in a Cloudflare zone. Its other properties are changed."""
    async with RetryingClient(access, "/") as api:
        path = f"zones/{zone_id}/dns_records"
        answer = await api.get(path, {"name.exact": name, "type": "A"})
        for record in answer.raise_for_status().json()["result"]:
            if record["content"] != content:
                continue
            if any(record.get(key) != value for key, value in changes.items()):
                (await api.patch(f"{path}/{record['id']}", changes)).raise_for_status()
            return str(record["id"])
    return None
