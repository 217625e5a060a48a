"""DigitalOcean's listings of what the cluster has, one request at a time, seldom enough for any rate limit."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.api.listing import ListingError, list_all
from components.config.loading import ProviderAccess

SECONDS = 10.0
"""Seconds between two listings. DigitalOcean allows 5,000 requests an hour."""
MOST_SECONDS = 300.0
"""Seconds between two listings after many failures in a row."""

ORDER = ("droplets", "volumes", "droplets", "firewalls", "droplets", "tags")
"""What is listed in turn, once all of it is known. Droplets change most."""

Items = Sequence[Mapping[str, Any]]


@dataclass
class Account:
    """What was listed so far. A kind that was not listed yet, or is too old, is ``None``."""

    droplets: Items | None = None
    volumes: Items | None = None
    firewalls: Items | None = None
    tags: Items | None = None
    problem: str = ""
    """Why the last listing failed, and what to do."""
    refused: bool = False
    """Whether the API refused the token."""
    _turn: int = 0
    _failures: int = 0
    _busy: bool = False
    """Whether a run changes droplets."""

    async def list_next(self, access: ProviderAccess, cluster: str, region: str) -> None:
        """List the next kind. Never raises ``ListingError``."""
        if not access.known:
            self.forget()
            self.problem = (
                "DigitalOcean is not asked, since neither digitalocean:token nor DIGITALOCEAN_TOKEN is set. A token "
                "that can only read is enough."
            )
            return
        kind = self._next_kind()
        try:
            listed = await _listed(access, kind, cluster, region)
        except ListingError as error:
            # A refusal is no sign of load, and a new token helps at once.
            self._failures = 1 if error.refused else self._failures + 1
            self.refused = error.refused
            self.problem = f"{error}. {self._advice(error)}"
            self.forget()
            return
        setattr(self, kind, listed)
        self._turn += 1
        self._failures = 0
        self.problem, self.refused = "", False

    def expect_changes(self, busy: bool) -> None:
        """List droplets alone while a run replaces them."""
        self._busy = busy

    @property
    def pause(self) -> float:
        """Seconds until the next listing: longer after each failure in a row, for an API that is busy."""
        return min(SECONDS * 2.0**self._failures, MOST_SECONDS)

    def _next_kind(self) -> str:
        unknown = [kind for kind in dict.fromkeys(ORDER) if getattr(self, kind) is None]
        if unknown and not (self._busy and self.droplets is not None):
            return unknown[0]
        return "droplets" if self._busy else ORDER[self._turn % len(ORDER)]

    def _advice(self, error: ListingError) -> str:
        if error.refused:
            return (
                "Set digitalocean:token or DIGITALOCEAN_TOKEN to a valid token. One that can only read is enough. "
                "The console reads the configuration again by itself, and the environment when it starts."
            )
        return (
            f"The next request is at {time.strftime('%H:%M:%S', time.gmtime(time.time() + self.pause))} UTC."
        )

    def forget(self) -> None:
        """What the API does not confirm is unknown."""
        self.droplets = self.volumes = self.firewalls = self.tags = None


async def _listed(access: ProviderAccess, kind: str, cluster: str, region: str) -> Items:
    """What the account has of a kind. Raises ``ListingError``."""
    if kind == "droplets":
        return await list_all(access.api_url, kind, access.token, tag_name=cluster)
    if kind == "volumes":
        return await list_all(access.api_url, kind, access.token, region=region)
    return await list_all(access.api_url, kind, access.token)
