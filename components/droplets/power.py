"""Powering on members' droplets that are off.

The provider shuts a droplet down before it deletes it. A run that ends in between leaves it off, and the engine sees
nothing to do: whether a droplet is on is no input of it. So whoever waits for members powers them on. A member that
somebody switched off belongs to the configured cluster as well, and comes back in the same way.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import httpx
import pulumi

from components.api.listing import ListingError
from components.api.retrying_client import RetryingClient
from components.config.loading import ProviderAccess
from components.droplets.address_book import AddressBook

PAUSE_SECONDS = 10
"""Between two attempts: a power-on that fails shows only afterwards, by a droplet that is off again."""


class PowerSwitch:
    """Powers droplets on with the provider's own token (DigitalOcean API v2, action ``power_on``)."""

    def __init__(self, access: ProviderAccess, book: AddressBook) -> None:
        self._access = access
        self._book = book
        self._not_before = 0.0

    async def turn_on(self, names: Collection[str]) -> None:
        """Power on those of the named members' droplets that are off, one after the other, and say so.

        Asks nobody unless one was off when the droplets were listed last. An API that refuses or is away is no
        obstacle: it is asked again later.
        """
        if not switched_off(names, self._book.listed) or time.monotonic() < self._not_before:
            return
        self._not_before = time.monotonic() + PAUSE_SECONDS
        try:
            droplets = await self._book.droplets()
        except ListingError:
            return
        for name, droplet in switched_off(names, droplets).items():
            pulumi.log.info(f"droplet {droplet} of {name} is off: it is powered on")
            if refusal := await self._power_on(droplet):
                pulumi.log.warn(f"{name} could not be powered on, and it is tried again: {refusal}")

    async def _power_on(self, droplet: int) -> str:
        async with RetryingClient(self._access, "/v2/") as api:
            try:
                answer = await api.post(f"droplets/{droplet}/actions", {"type": "power_on"})
            except httpx.HTTPError as error:
                return f"{type(error).__name__} {error}"
        return "" if answer.is_success else f"HTTP {answer.status_code} {answer.text}"


def switched_off(names: Collection[str], droplets: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The named members' droplets that are off while nothing is under way, in the order of ``names``.

    Not those of a name that several droplets bear: which of them is the member is for the engine to find out.
    """
    named = {name: [one for one in droplets if one["name"] == name] for name in names}
    return {
        name: found[0]["id"]
        for name, found in named.items()
        if len(found) == 1 and found[0]["status"] == "off" and not found[0]["locked"]
    }
