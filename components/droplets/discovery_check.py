"""Checks, before the first droplet of a cluster is created, that its members would find each other.

A member lists the droplets with the discovery token. A token of another team lists nothing, and without an error. Where
the cluster has a droplet, the run compares what both tokens list. Before the first one, it asks for the cluster's tag.
"""

from __future__ import annotations

import asyncio
import time

import pulumi

from ..api.listing import ListingError, read_one
from ..api.retry import LISTING_LAG_SECONDS, PAUSES
from ..config.loading import ProviderAccess
from ..config.naming import key_of, provider_key

PAUSE_SECONDS = 1
"""Seconds before the tag is asked for again. It may have been created a moment ago."""


class DiscoveryCheck:
    """Asks for the tag of a cluster as its members do. The provider has created it before any droplet."""

    def __init__(self, tag: str, discovery: ProviderAccess) -> None:
        self._tag = tag
        self._discovery = discovery

    async def check(self) -> None:
        """Raise ``RunError`` unless the discovery token sees the cluster's tag. A preview creates no tag."""
        if pulumi.runtime.is_dry_run() or not self._discovery.known:
            return
        give_up = time.monotonic() + LISTING_LAG_SECONDS
        while not await self._sees_tag():
            if time.monotonic() > give_up:
                raise pulumi.RunError(
                    f"{key_of('discoveryToken')} does not see the tag {self._tag}, which "
                    f"{provider_key('digitalocean:token')} has created. It is a token of another team, so the members "
                    "would not find each other: set it to a token of the same team, with the scopes droplet:read and "
                    "tag:read. No droplet was created"
                )
            await asyncio.sleep(PAUSE_SECONDS)

    async def _sees_tag(self) -> bool:
        access = self._discovery
        try:
            return await read_one(access.api_url, "tags", self._tag, access.token, pauses=PAUSES) is not None
        except ListingError as error:
            remedy = (
                "Run pulumi up again later"
                if error.temporary
                else "Set it to a token with the scopes droplet:read and tag:read"
            )
            raise pulumi.RunError(
                f"{error}. The request used {key_of('discoveryToken')}, as members do. {remedy}. No droplet was created"
            ) from error
