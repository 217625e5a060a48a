"""What DigitalOcean would refuse, asked before any member is touched.

A replacement deletes a droplet before it creates the next one: a refusal of the create would come too late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import pulumi

from components.digitalocean import VERSION
from components.settings import Settings


class PreflightError(pulumi.RunError):
    """DigitalOcean would not create the droplets; the text names key, value and remedy."""


async def preflight(settings: Settings, missing: Collection[str], parent: pulumi.Resource) -> None:
    """Raises ``PreflightError`` when region, size, image or the account's droplet limit forbid a droplet.

    ``missing`` are the members that will be created beside the droplets that there are. Asks the provider's
    functions getRegion and getImage, and getAccount and getDroplets where droplets are added.
    """

    async def ask(function: str, **arguments: Any) -> dict[str, Any]:
        token = f"digitalocean:index/{function}:{function}"
        return await pulumi.runtime.invoke_async(
            token, arguments, pulumi.InvokeOptions(parent=parent, version=VERSION)
        )

    async def known(key: str, value: str, function: str, remedy: str) -> dict[str, Any]:
        try:
            return await ask(function, slug=value)
        # The SDK raises plain exceptions; the provider's own words say whether it was the value.
        except Exception as error:
            raise PreflightError(
                f"etcd:{key} is {value}: {remedy} ({error}). No member was touched"
            ) from error

    region, image = await asyncio.gather(
        known("region", settings.region, "getRegion", "use a region such as fra1"),
        known("image", settings.image, "getImage", "use an image such as debian-13-x64"),
    )
    size = settings.droplet_size
    if size not in region["sizes"]:
        raise PreflightError(
            f"etcd:dropletSize is {size}: region {settings.region} has no such size (it has "
            f"{', '.join(sorted(region['sizes']))}). No member was touched"
        )
    if settings.region not in image["regions"]:
        raise PreflightError(
            f"etcd:image is {settings.image}: it is not in region {settings.region} (it is in "
            f"{', '.join(sorted(image['regions']))}). No member was touched"
        )
    if missing:
        account, listing = await asyncio.gather(ask("getAccount"), ask("getDroplets"))
        limit, used = int(account["dropletLimit"]), len(listing["droplets"])
        if used + len(missing) > limit:
            raise PreflightError(
                f"etcd:size is {settings.size}: {len(missing)} droplets are to be added, and the account has {used} "
                f"of at most {limit}: ask DigitalOcean for a higher limit. No member was touched"
            )
