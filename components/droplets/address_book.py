"""Where a cluster's droplets are, as the DigitalOcean API reports it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from components.api.listing import list_all
from components.config.settings import Settings
from components.shared.droplets import addresses_by_name, ipv4_address

LISTING_SECONDS = 10
"""Addresses this old are asked for again: a wait looks often, and the API allows 250 requests a minute."""
INCOMPLETE_SECONDS = 1
"""The same while a member has no address yet."""


class AddressBook:
    """A cluster's droplets and their addresses by member, listed again when they are old.

    A gate asks the API at the moment when it decides, since what the engine knows of a droplet behind the gate
    it learns only after the gate.
    """

    def __init__(self, settings: Settings, tag: str) -> None:
        self._settings = settings
        self._tag = tag
        self.listed: Sequence[Mapping[str, Any]] = []
        """The droplets as they were listed last."""
        self._listed_at = -math.inf

    async def addresses(self) -> dict[str, str]:
        """IPv4 addresses by member name. Raises ``ListingError``."""
        addresses = member_addresses(self.listed, self._settings.addresses)
        complete = addresses.keys() >= set(self._settings.member_names)
        if time.monotonic() - self._listed_at < (LISTING_SECONDS if complete else INCOMPLETE_SECONDS):
            return addresses
        return member_addresses(await self.droplets(), self._settings.addresses)

    def forget(self) -> None:
        """Ask again, whatever the age of the last listing."""
        self._listed_at = -math.inf

    async def droplets(self) -> Sequence[Mapping[str, Any]]:
        """The droplets as they are at this moment, in the API's own words. Raises ``ListingError``."""
        token = self._settings.discovery_token.get_secret_value()
        self.listed = await list_all(self._settings.discovery_api_url, "droplets", token, tag_name=self._tag)
        self._listed_at = time.monotonic()
        return self.listed


def member_addresses(
    droplets: Iterable[Mapping[str, Any]], kind: Literal["public", "private"]
) -> dict[str, str]:
    """The address of each droplet that has one of this kind. A new droplet has none yet."""
    return addresses_by_name(
        (droplet["id"], droplet["name"], ipv4_address(droplet, kind)) for droplet in droplets
    )
