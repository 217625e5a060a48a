"""Powers on members' droplets that are off.

The provider shuts a droplet down before it deletes it. A run that is interrupted in between leaves the droplet off, and
the engine cannot repair that: whether a droplet is on is not one of its inputs. So a run that waits for members powers
them on, also those that somebody switched off.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import httpx

from ..api.listing import ListingError
from ..api.retrying_client import RetryingClient
from ..config.loading import ProviderAccess
from ..run_log import log
from .address_book import AddressBook

PAUSE_SECONDS = 10
"""Seconds between two attempts. A failed power-on shows only later, when the droplet is off again."""


class PowerSwitch:
    """Powers on droplets with the provider's own token (DigitalOcean API v2, action ``power_on``)."""

    def __init__(self, access: ProviderAccess, book: AddressBook) -> None:
        self._access = access
        self._book = book
        self._not_before = 0.0

    async def turn_on(self, names: Collection[str]) -> None:
        """Power on the named members' droplets that are off, one after the other, and log each.

        Sends no request if the last listing shows none that is off. A refusal or a missing answer is logged, not
        raised: a later call tries again.
        """
        if not switched_off(names, self._book.listed) or time.monotonic() < self._not_before:
            return
        self._not_before = time.monotonic() + PAUSE_SECONDS
        try:
            droplets = await self._book.droplets()
        except ListingError:
            return
        for name, droplet in switched_off(names, droplets).items():
            log.info(f"powering on droplet {droplet} of {name}, which is off")
            if refusal := await self._power_on(droplet):
                log.warn(f"could not power on {name}, trying again in {PAUSE_SECONDS} s: {refusal}")

    async def _power_on(self, droplet: int) -> str:
        async with RetryingClient(self._access, "/v2/") as api:
            try:
                answer = await api.post(f"droplets/{droplet}/actions", {"type": "power_on"})
            except httpx.HTTPError as error:
                return f"{type(error).__name__} {error}"
        return "" if answer.is_success else f"HTTP {answer.status_code} {answer.text}"


def switched_off(names: Collection[str], droplets: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Map the named members to their droplets that are off and not locked, in the order of ``names``.

    A name with several droplets is left out, because the engine must find out first which of them is the member.
    """
    named = {name: [one for one in droplets if one["name"] == name] for name in names}
    return {
        name: found[0]["id"]
        for name, found in named.items()
        if len(found) == 1 and found[0]["status"] == "off" and not found[0]["locked"]
    }
