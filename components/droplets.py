"""Where a cluster's droplets are, as the DigitalOcean API reports it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from components.http_client import NoAnswerError, ask_api
from components.settings import Settings

PAGE_SIZE = 200
REQUEST_TIMEOUT_SECONDS = 10


LISTING_SECONDS = 10
"""Addresses this old are asked for again: a wait looks often, and the API allows 250 requests a minute."""
INCOMPLETE_SECONDS = 1
"""The same while a member has no address yet."""


class ListingError(Exception):
    """The API did not list the droplets; the text says why."""

    def __init__(self, text: str, *, passing: bool) -> None:
        super().__init__(text)
        self.passing = passing
        """Whether it may be another answer soon: the API was busy or away."""


class AddressBook:
    """A cluster's droplets and their addresses by member, listed again when they are old.

    A gate asks the API at the moment when it decides, since what the engine knows of a droplet behind the gate
    it learns only after the gate.
    """

    def __init__(self, settings: Settings, tag: str) -> None:
        self._settings = settings
        self._tag = tag
        self._droplets: list[Mapping[str, Any]] = []
        self._listed_at = -math.inf

    async def addresses(self) -> dict[str, str]:
        """IPv4 addresses by member name. Raises ``ListingError``."""
        addresses = addresses_by_name(self._droplets, self._settings.addresses)
        complete = addresses.keys() >= set(self._settings.member_names)
        if time.monotonic() - self._listed_at < (LISTING_SECONDS if complete else INCOMPLETE_SECONDS):
            return addresses
        return addresses_by_name(await self.droplets(), self._settings.addresses)

    def forget(self) -> None:
        """Ask again, whatever the age of the last listing."""
        self._listed_at = -math.inf

    async def droplets(self) -> Sequence[Mapping[str, Any]]:
        """The droplets as they are at this moment, in the API's own words. Raises ``ListingError``."""
        self._droplets = await list_droplets(
            self._settings.discovery_api_url, self._settings.discovery_token.get_secret_value(), self._tag
        )
        self._listed_at = time.monotonic()
        return self._droplets


async def list_droplets(api_url: str, token: str, tag: str) -> list[Mapping[str, Any]]:
    """The droplets with a tag, with the discovery token's own rights.

    DigitalOcean API, ``GET /v2/droplets?tag_name=``. Raises ``ListingError``.
    """
    droplets: list[Mapping[str, Any]] = []
    url: str | None = f"{api_url}/v2/droplets?tag_name={tag}&per_page={PAGE_SIZE}"
    try:
        while url:
            answer = await ask_api(url, token, seconds=REQUEST_TIMEOUT_SECONDS)
            if answer.status != 200:
                raise ListingError(
                    f"{api_url} answered {answer.status} to the listing of droplets",
                    passing=answer.status == 429 or answer.status >= 500,
                )
            page = answer.json()
            droplets += page["droplets"]
            url = page.get("links", {}).get("pages", {}).get("next")
    except NoAnswerError as error:
        raise ListingError(f"{api_url} did not list the droplets: {error}", passing=True) from error
    except (ValueError, KeyError) as error:
        raise ListingError(
            f"{api_url} did not list the droplets: {type(error).__name__} {error}", passing=False
        ) from error
    return droplets


def addresses_by_name(
    droplets: Iterable[Mapping[str, Any]], kind: Literal["public", "private"]
) -> dict[str, str]:
    """The address of each droplet that has one of this kind; a new droplet has none yet.

    Of two droplets with one name it is the newer one's.
    """
    return {
        droplet["name"]: network["ip_address"]
        for droplet in sorted(droplets, key=lambda droplet: droplet["id"])
        for network in droplet["networks"]["v4"]
        if network["type"] == kind
    }
