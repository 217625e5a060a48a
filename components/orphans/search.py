"""Searches for orphans through the providers' APIs (DigitalOcean API v2, Cloudflare API v4).

A search changes nothing. Whoever searches decides whether to delete what was found.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..api.clock import answered_at
from ..api.listing import list_all
from ..api.retry import PAUSES
from ..api.retrying_client import RetryingClient
from ..config.loading import ProviderAccess
from ..config.naming import key_of

BLANK_FOR = timedelta(hours=24)
"""A volume older than this may have been attached without a trace in the API, so it is no orphan."""


class NameInUseError(Exception):
    """The name of a resource exists already, and may be somebody else's. The text says what to do."""


@dataclass(frozen=True)
class Orphan:
    """A resource that is in no stack, and that nobody needs."""

    label: str
    """Its kind and its name, e.g. ``vpc etcd-x``."""
    access: ProviderAccess
    path: str
    """Its path in the provider's API, e.g. ``/v2/vpcs/5a4981aa``."""

    async def delete(self) -> None:
        """Delete the resource."""
        async with RetryingClient(self.access, "") as api:
            (await api.delete(self.path)).raise_for_status()


async def find_vpc(access: ProviderAccess, name: str, description: str) -> list[Orphan]:
    """Find the VPC with a name.

    Raises ``ListingError``. Raises ``NameInUseError`` when the description differs, or when the VPC has members.
    """

    async def obstacle(api: RetryingClient, vpc: Mapping[str, Any]) -> str:
        if vpc.get("description") != description:
            return "which does not belong to this stack"
        answer = await api.get(f"vpcs/{vpc['id']}/members")
        members = [member["name"] for member in answer.raise_for_status().json()["members"]]
        return f"and {', '.join(members)} is in it" if members else ""

    return await _find_named(access, "vpcs", name, obstacle)


async def find_firewall(access: ProviderAccess, name: str) -> list[Orphan]:
    """Find the firewall with a name.

    Raises ``ListingError``. Raises ``NameInUseError`` unless it applies to the tag of this name alone, and when it
    protects a droplet.
    """

    async def obstacle(_: RetryingClient, firewall: Mapping[str, Any]) -> str:
        if firewall.get("tags") != [name] or firewall.get("droplet_ids"):
            return "which does not belong to this stack"
        tagged = await list_all(access.api_url, "droplets", access.token, pauses=PAUSES, tag_name=name)
        return f"and it protects droplet {', '.join(sorted(one['name'] for one in tagged))}" if tagged else ""

    return await _find_named(access, "firewalls", name, obstacle)


async def _find_named(
    access: ProviderAccess,
    kind: str,
    name: str,
    obstacle: Callable[[RetryingClient, Mapping[str, Any]], Awaitable[str]],
) -> list[Orphan]:
    """Find a resource with a name. ``obstacle`` says why it must stay; the text is empty if it need not."""
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
            return [Orphan(f"{one} {name}", access, f"/v2/{kind}/{item['id']}")]
    return []


async def find_blank_volume(access: ProviderAccess, name: str, region: str, description: str) -> list[Orphan]:
    """Find the volume with a name in a region.

    Raises ``NameInUseError`` unless it has this description, is new and was never attached.
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
            return [Orphan(f"volume {name}", access, f"/v2/{path}")]
    return []


async def find_records(access: ProviderAccess, zone_id: str, name: str, comment: str | None) -> list[Orphan]:
    """Find the A records of a name in a Cloudflare zone.

    Raises ``NameInUseError`` if one has another comment. The ``comment`` is ``None`` in a preview of a new cluster.
    """
    records = await address_records(access, zone_id, name)
    for record in records:
        if record.get("comment") != comment:
            raise NameInUseError(
                f"the zone has an A record for {name}, to {record['content']}, which does not carry this "
                f"cluster's identity. If another cluster uses the name, set another {key_of('domain')}. If nothing "
                "uses it, delete the record"
            )
    return [
        Orphan(f"record {name}", access, f"/zones/{zone_id}/dns_records/{record['id']}") for record in records
    ]


async def address_records(access: ProviderAccess, zone_id: str, name: str) -> list[dict[str, Any]]:
    """The A records of a name in a Cloudflare zone."""
    async with RetryingClient(access, "/") as api:
        answer = await api.get(f"zones/{zone_id}/dns_records", {"name.exact": name, "type": "A"})
        return answer.raise_for_status().json()["result"]
