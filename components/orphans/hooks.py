"""Hooks that delete an orphan before the resource of the same name is created.

An engine that is killed after the API created a VPC, a firewall, a volume or a record, and before the state has it,
leaves an orphan. The next run could not create the resource, because its name exists. The rollout deletes orphaned
droplets: components/rollout/.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import httpx
import pulumi

from ..api.existing_names import NamesNotListedError, names_in_account, names_in_zone
from ..api.retry import LISTING_LAG_SECONDS
from ..config.hooks import resource_hook, resource_transform
from ..config.loading import ProviderAccess
from ..config.settings import Settings
from ..identity.cluster_identity import record_comment
from ..identity.stack_state import VOLUME_TYPE, StackState
from ..run_log import log
from .existing_record import adapt_record, find_record
from .search import Orphan, find_blank_volume, find_firewall, find_records, find_vpc

SET_IN_ADVANCE = ("comment", "proxied", "ttl")
"""Properties of an existing DNS record that are changed before the stack takes it over."""

Search = Callable[[], Awaitable[list[Orphan]]]
"""Finds the orphans of one resource. It changes nothing."""


def with_orphan_removal(opts: pulumi.ResourceOptions, name: str, search: Search) -> pulumi.ResourceOptions:
    """Add a hook that deletes orphans before a resource is created. ``name`` is the resource's name.

    In a preview it deletes nothing, and fails as it would in the run.
    """

    async def clear(_: pulumi.ResourceHookArgs) -> None:
        preview = pulumi.runtime.is_dry_run()
        for orphan in await search():
            if not preview:
                await orphan.delete()
            done = "pulumi up deletes" if preview else "deleted"
            log.warn(
                f"{done} {orphan.label}, which is not in the stack's state, as after an interrupted run, and creates "
                "it again"
            )

    hook = resource_hook(f"{name}-leftover", clear, in_previews=True)
    binding = pulumi.ResourceHookBinding(before_create=[hook])
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(hooks=binding))


class Orphans:
    """Finds and deletes orphans of one run. Each kind is listed once, before the first resource of it is created.

    Nobody else creates a name that did not exist then: the stack is locked. A name that existed is examined again
    before its resource is created. A listing shows what was created only seconds later. So where an earlier run may
    have left an orphan, the listing waits until it surely has it.
    """

    comment: pulumi.Output[str]
    """The comment of the cluster's DNS records."""

    def __init__(
        self,
        settings: Settings,
        *,
        cluster: str,
        identity: pulumi.Output[str],
        stack: pulumi.Output[StackState],
        zone_id: pulumi.Output[str],
        access: ProviderAccess,
        cloudflare: ProviderAccess,
    ) -> None:
        """``access`` is the account of DigitalOcean, ``cloudflare`` that of the zone."""
        self.access = access
        self._cloudflare = cloudflare
        self.comment = identity.apply(lambda one: record_comment(cluster, one))
        self._settings = settings
        self._stack = stack
        self._zone_id = zone_id
        self._began = time.monotonic()
        self._listings: dict[str, asyncio.Future[frozenset[str]]] = {}

    def vpc(self, name: str, description: str) -> Search:
        """Find a VPC with this name. The search fails unless it has this description and no members."""
        return self._named("vpcs", name, lambda: find_vpc(self.access, name, description))

    def firewall(self, name: str) -> Search:
        """Find a firewall with this name.

        The search fails unless it applies to the tag of this name alone, and protects no droplet.
        """
        return self._named("firewalls", name, lambda: find_firewall(self.access, name))

    def volume(self, name: str, description: str) -> Search:
        """Find a volume with this name.

        The search fails unless the volume is surely empty: it is new, and was never attached to a droplet.
        """
        region = self._settings.region

        async def search() -> list[Orphan]:
            stack = await self._stack.future()
            if stack is not None and stack.lacking(VOLUME_TYPE):
                await self._wait_for_listings()
            if not await self._exists("volumes", name, region=region):
                return []
            return await find_blank_volume(self.access, name, region, description)

        return search

    def kept_record(self, opts: pulumi.ResourceOptions, label: str, name: str) -> pulumi.ResourceOptions:
        """Options of a DNS record. An existing one with the wanted content is kept, whoever made it.

        One with another content is deleted if it carries this cluster's identity. Otherwise the creation fails.
        ``label`` is the resource's name, ``name`` that of the record.
        """

        async def search() -> list[Orphan]:
            if not await self._record_exists(name):
                return []
            zone, comment = await self._zone_id.future(), await self.comment.future()
            return await find_records(self._cloudflare, str(zone), name, comment)

        async def keep(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
            kept = await self._record_to_keep(label, args.props)
            if kept is None:
                return None
            keeping = pulumi.ResourceOptions(import_=kept, ignore_changes=[*SET_IN_ADVANCE])
            return pulumi.ResourceTransformResult(
                args.props, pulumi.ResourceOptions.merge(args.opts, keeping)
            )

        removing = with_orphan_removal(opts, f"{label}-record", search)
        return pulumi.ResourceOptions.merge(
            removing, pulumi.ResourceOptions(transforms=[resource_transform(keep)])
        )

    async def _record_to_keep(self, label: str, props: Mapping[str, Any]) -> str | None:
        """The id by which Pulumi imports an existing record that is not in the stack's state.

        A run adapts the record first, so that Pulumi sees no difference. A preview changes nothing.
        """
        stack = await self._stack.future()
        if stack is None or any(urn.endswith(f"DnsRecord::{label}") for urn in stack.urns):
            return None
        zone, wanted = await self._zone_id.future(), await pulumi.Output.all(**props).future()
        if zone is None or wanted is None:
            return None
        try:
            if not await self._record_exists(wanted["name"]):
                return None
            found = await find_record(self._cloudflare, zone, wanted["name"], wanted["content"])
            if found is not None and not pulumi.runtime.is_dry_run():
                changes = {key: wanted[key] for key in SET_IN_ADVANCE}
                await adapt_record(self._cloudflare, zone, found, changes)
        except (NamesNotListedError, httpx.HTTPError):
            # An error here would end the program. The creation of the record fails alone, with its own error.
            return None
        return f"{zone}/{found['id']}" if found else None

    async def _record_exists(self, name: str) -> bool:
        access, zone = self._cloudflare, str(await self._zone_id.future())
        if not access.known:
            return False
        listing = self._once("records", lambda: names_in_zone(access, zone, self._settings.domain))
        return name in await listing

    async def _wait_for_listings(self) -> None:
        """Wait until the API lists what was created before this run began. A preview does not wait."""
        if not pulumi.runtime.is_dry_run():
            await asyncio.sleep(max(0.0, self._began + LISTING_LAG_SECONDS - time.monotonic()))

    def _named(self, kind: str, name: str, find: Search) -> Search:
        async def search() -> list[Orphan]:
            stack = await self._stack.future()
            # The bootstrap record is in the state before anything of the cluster is in the account.
            if stack is not None and stack.token:
                await self._wait_for_listings()
            return await find() if await self._exists(kind, name) else []

        return search

    async def _exists(self, kind: str, name: str, **only: str) -> bool:
        if not self.access.known:
            return False
        return name in await self._once(kind, lambda: names_in_account(self.access, kind, **only))

    def _once(
        self, kind: str, ask: Callable[[], Coroutine[Any, Any, frozenset[str]]]
    ) -> Awaitable[frozenset[str]]:
        if kind not in self._listings:
            self._listings[kind] = asyncio.ensure_future(ask())
        return asyncio.shield(self._listings[kind])
