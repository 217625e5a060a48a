"""Hooks that delete an orphan before the resource of the same name is created.

An engine that is killed after the API created a VPC, a firewall, a volume or a record, and before the state has it,
leaves an orphan. The next run could not create the resource, because its name exists. The rollout deletes orphaned
droplets: components/rollout/.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import pulumi

from components.api.existing_names import names_in_account, names_in_zone
from components.config.loading import cloudflare_access, digitalocean_access
from components.config.settings import Settings
from components.orphans.delete import remove_blank_volume, remove_named, remove_record

Removal = Callable[[], Awaitable[list[str]]]
"""Deletes the orphans of one resource, and returns their names."""


def with_orphan_removal(opts: pulumi.ResourceOptions, name: str, removal: Removal) -> pulumi.ResourceOptions:
    """Add a hook that deletes orphans before a resource is created. ``name`` is the resource's name."""

    async def clear(_: pulumi.ResourceHookArgs) -> None:
        for removed in await removal():
            pulumi.log.warn(
                f"deleted {removed}, which an interrupted run had left behind; it is created again now"
            )

    hook = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(f"{name}-leftover", clear)])
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(hooks=hook))


class Orphans:
    """Finds and deletes orphans of one run. Each kind is listed once, before the first resource of it is created.

    Nobody else creates a name that did not exist then: the stack is locked. A name that existed is examined again
    before its resource is created.
    """

    def __init__(self, settings: Settings, *, zone_id: pulumi.Output[str]) -> None:
        self._settings = settings
        self._zone_id = zone_id
        self._account = digitalocean_access()
        self._listings: dict[str, asyncio.Future[frozenset[str]]] = {}

    def vpc(self, name: str, description: str) -> Removal:
        """Delete a VPC with this name and description. A VPC with another description is not this cluster's."""
        return self._named("vpcs", name, {"description": description})

    def firewall(self, name: str, tag: str) -> Removal:
        """Delete a firewall with this name that applies to this tag alone."""
        return self._named("firewalls", name, {"tags": [tag]})

    def volume(self, name: str, description: str) -> Removal:
        """Delete a volume with this name if it is surely empty: it is new, and was never attached to a droplet."""
        region = self._settings.region

        async def remove() -> list[str]:
            if not await self._exists("volumes", name, region=region):
                return []
            return await remove_blank_volume(self._account, name, region, description)

        return remove

    def record(self, name: str, comment: str) -> Removal:
        """Delete a record with this name and comment."""

        async def remove() -> list[str]:
            access, zone = cloudflare_access(), str(await self._zone_id.future())
            listing = self._once("records", lambda: names_in_zone(access, zone, self._settings.domain))
            if name not in await listing:
                return []
            return await remove_record(access, zone, name, comment)

        return remove

    def _named(self, kind: str, name: str, ours: Mapping[str, Any]) -> Removal:
        async def remove() -> list[str]:
            if not await self._exists(kind, name):
                return []
            return await remove_named(self._account, kind, name, ours)

        return remove

    async def _exists(self, kind: str, name: str, **only: str) -> bool:
        return name in await self._once(kind, lambda: names_in_account(self._account, kind, **only))

    def _once(
        self, kind: str, ask: Callable[[], Coroutine[Any, Any, frozenset[str]]]
    ) -> Awaitable[frozenset[str]]:
        if kind not in self._listings:
            self._listings[kind] = asyncio.ensure_future(ask())
        return asyncio.shield(self._listings[kind])
