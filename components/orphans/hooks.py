"""What a killed run has created without anybody noting it: found by name, and removed before it is created again.

An engine that ends between the API's answer and its own note leaves a VPC, a firewall, a volume or a record behind,
and the next run's create would be refused, since names are taken. Droplets have their own way: rollout/gate.py.
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
"""Removes what is in the way and gives a name of each thing."""


def clearing(opts: pulumi.ResourceOptions, name: str, removal: Removal) -> pulumi.ResourceOptions:
    """Options of a resource before whose creation the way is cleared; ``name`` is its own name."""

    async def clear(_: pulumi.ResourceHookArgs) -> None:
        for removed in await removal():
            pulumi.log.warn(
                f"{removed} was left by a run that was ended while it created it: removed, to be made anew"
            )

    hook = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(f"{name}-leftover", clear)])
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(hooks=hook))


class Orphans:
    """The ways to clear for one run. Each kind of thing is listed once, before the first of it is created.

    A name that was free then is given by nobody but this run, whose stack is locked. One that was taken is looked at
    again when its turn comes.
    """

    def __init__(self, settings: Settings, *, zone_id: pulumi.Output[str]) -> None:
        self._settings = settings
        self._zone_id = zone_id
        self._account = digitalocean_access()
        self._listings: dict[str, asyncio.Future[frozenset[str]]] = {}

    def vpc(self, name: str, description: str) -> Removal:
        """A VPC of this name, which must have this description: another one is not ours."""
        return self._named("vpcs", name, {"description": description})

    def firewall(self, name: str, tag: str) -> Removal:
        """A firewall of this name for the droplets with this tag alone."""
        return self._named("firewalls", name, {"tags": [tag]})

    def volume(self, name: str, description: str) -> Removal:
        """A volume of this name, if it is sure to be empty: new, and never attached to any droplet."""
        region = self._settings.region

        async def remove() -> list[str]:
            if not await self._taken("volumes", name, region=region):
                return []
            return await remove_blank_volume(self._account, name, region, description)

        return remove

    def record(self, name: str, comment: str) -> Removal:
        """A record of this name, with this comment."""

        async def remove() -> list[str]:
            access, zone = cloudflare_access(), str(await self._zone_id.future())
            listing = self._once("records", lambda: names_in_zone(access, zone, self._settings.domain))
            if name not in await listing:
                return []
            return await remove_record(access, zone, name, comment)

        return remove

    def _named(self, kind: str, name: str, ours: Mapping[str, Any]) -> Removal:
        async def remove() -> list[str]:
            if not await self._taken(kind, name):
                return []
            return await remove_named(self._account, kind, name, ours)

        return remove

    async def _taken(self, kind: str, name: str, **only: str) -> bool:
        return name in await self._once(kind, lambda: names_in_account(self._account, kind, **only))

    def _once(
        self, kind: str, ask: Callable[[], Coroutine[Any, Any, frozenset[str]]]
    ) -> Awaitable[frozenset[str]]:
        if kind not in self._listings:
            self._listings[kind] = asyncio.ensure_future(ask())
        return asyncio.shield(self._listings[kind])
