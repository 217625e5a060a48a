"""The cluster's droplets and their addresses, as the DigitalOcean API lists them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from ..api.listing import list_all, read_one
from ..config.loading import ProviderAccess
from ..config.settings import Settings
from ..shared.droplets import addresses_by_name, ipv4_address

LISTING_SECONDS = 10
"""Age in seconds at which a listing is repeated. A waiting run asks often, and the API has a limit of requests."""
INCOMPLETE_SECONDS = 1
"""The same while a member has no address yet."""


class AddressBook:
    """Lists a cluster's droplets and their addresses by member, and repeats an old listing.

    A gate needs a fresh listing when it decides: the engine learns of the droplet behind the gate only after it.
    """

    def __init__(self, settings: Settings, tag: str, discovery: ProviderAccess | None = None) -> None:
        """``discovery`` is the API as members reach it, by default that of the settings."""
        self._settings = settings
        self._discovery = discovery or ProviderAccess(
            settings.discovery_api_url, settings.discovery_token.get_secret_value()
        )
        self._tag = tag
        self.listed: Sequence[Mapping[str, Any]] = []
        """The last listing."""
        self._listed_at = -math.inf
        self._read: dict[str, Mapping[str, Any] | None] = {}

    async def addresses(self) -> dict[str, str]:
        """Map member names to IPv4 addresses. Raises ``ListingError``."""
        addresses = member_addresses(self.listed, self._settings.addresses)
        complete = addresses.keys() >= set(self._settings.member_names)
        if time.monotonic() - self._listed_at < (LISTING_SECONDS if complete else INCOMPLETE_SECONDS):
            return addresses
        return member_addresses(await self.droplets(), self._settings.addresses)

    def forget(self) -> None:
        """Make the next call list the droplets again."""
        self._listed_at = -math.inf

    async def droplets(self) -> Sequence[Mapping[str, Any]]:
        """List the droplets now, as the API describes them. Raises ``ListingError``."""
        access = self._discovery
        self.listed = await list_all(access.api_url, "droplets", access.token, tag_name=self._tag)
        self._listed_at = time.monotonic()
        self._read = {}
        return self.listed

    async def lacks_tag(self, droplet: str) -> bool:
        """Whether the account has the droplet with this id, but without the cluster's tag. Raises ``ListingError``.

        The answer is as old as the last listing at most.
        """
        found = await self._one(droplet)
        return found is not None and not has_tag(found, self._tag)

    async def exists(self, droplet: str) -> bool:
        """Whether the account has the droplet with this id. Raises ``ListingError``.

        A new droplet is listed only seconds after its creation. So one that is not listed is asked for by its id.
        """
        return any(str(one["id"]) == droplet for one in self.listed) or await self._one(droplet) is not None

    async def _one(self, droplet: str) -> Mapping[str, Any] | None:
        """The droplet with this id; ``None`` if the API says that it does not exist. Asked once for each listing."""
        if droplet not in self._read:
            access = self._discovery
            self._read[droplet] = await read_one(access.api_url, "droplets", droplet, access.token)
        return self._read[droplet]

    def tag_command(self, droplet: str | int) -> str:
        """The command that gives a droplet the cluster's tag back. It also creates a tag that does not exist."""
        return f"doctl compute droplet tag {droplet} --tag-name {self._tag}"


def has_tag(droplet: Mapping[str, Any], tag: str) -> bool:
    """Whether a droplet has a tag. DigitalOcean ignores the case of tags."""
    return tag.casefold() in (one.casefold() for one in droplet.get("tags") or ())


def member_addresses(
    droplets: Iterable[Mapping[str, Any]], kind: Literal["public", "private"]
) -> dict[str, str]:
    """Map the droplets' names to their addresses of a kind. A new droplet has no address yet."""
    return addresses_by_name(
        (droplet["id"], droplet["name"], ipv4_address(droplet, kind)) for droplet in droplets
    )
