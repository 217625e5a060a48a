"""DigitalOcean's listings of what the cluster has, one request at a time, seldom enough for any rate limit."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from components.api.listing import ListingError, list_all
from components.config.errors import ConfigurationError
from components.config.loading import ProviderAccess
from console.listings.items import Items

SECONDS = 10.0
"""Seconds between two listings. DigitalOcean allows 5,000 requests an hour."""
HURRY_SECONDS = 2.0
"""The same while droplets are replaced."""
DUE_SECONDS = 0.5
"""The same at the beginning, and after a run, which has changed all kinds."""
MOST_SECONDS = 300.0
"""Seconds between two listings after many failures in a row."""

ORDER = ("droplets", "volumes", "droplets", "firewalls", "droplets", "tags")
"""What is listed in turn, once all of it is known. Droplets change most."""

NOT_ASKED = "not asked yet"


@dataclass
class Account:
    """What was listed so far. A kind that was never listed is ``None``. ``reason`` says how far it can be trusted."""

    droplets: Items | None = None
    volumes: Items | None = None
    firewalls: Items | None = None
    tags: Items | None = None
    problem: str = ""
    """Why the last listing failed, and what to do."""
    refused: bool = False
    """Whether the API refused the token."""
    listed_at: dict[str, float] = field(default_factory=dict[str, float])
    """The Unix time of the last request for each kind that was answered."""
    changed_at: float = 0.0
    """The Unix time of the listing in which the droplets were different from those before."""
    _turn: int = 0
    _failures: int = 0
    _hurried: bool = False
    """Whether droplets are replaced now."""
    _due: set[str] = field(default_factory=lambda: set(ORDER))
    """The kinds that are listed before all others."""

    async def list_next(self, access: ProviderAccess, cluster: str, region: str) -> None:
        """List the next kind. What goes wrong is told in ``problem``."""
        if not access.known:
            self._due.clear()
            self.problem = (
                "DigitalOcean is not asked, since neither digitalocean:token nor DIGITALOCEAN_TOKEN is set. A token "
                "that can only read is enough."
            )
            return
        kind = self._next_kind()
        asked = time.time()
        try:
            listed = await _listed(access, kind, cluster, region)
        except ListingError as error:
            # A refusal is no sign of load, and a new token helps at once.
            self._failures = 1 if error.refused else self._failures + 1
            self.refused = error.refused
            self.problem = f"{error}. {self._advice(error)}"
            return
        except ConfigurationError as error:
            # The environment names a proxy that cannot be one.
            self._failures += 1
            self.refused = False
            self.problem = f"DigitalOcean is not asked: {error}. Then start the console again."
            return
        if kind == "droplets" and listed != self.droplets:
            self.changed_at = asked
        setattr(self, kind, listed)
        self.listed_at[kind] = asked
        self._due.discard(kind)
        self._turn += 1
        self._failures = 0
        self.problem, self.refused = "", False

    def expect_changes(self, hurried: bool) -> None:
        """List droplets often while they are replaced: alone, once all kinds were listed."""
        self._hurried = hurried

    def list_all_again(self) -> None:
        """List every kind before any twice."""
        self._due = set(ORDER)

    @property
    def pause(self) -> float:
        """Seconds until the next listing: longer after each failure in a row, for an API that is busy."""
        if self._failures or not (self._hurried or self._due):
            return min(SECONDS * 2.0**self._failures, MOST_SECONDS)
        return DUE_SECONDS if self._due else HURRY_SECONDS

    def reason(self, kind: str) -> str:
        """Why a kind is unknown, or since when it was not confirmed. Empty if it is known."""
        if kind not in self.listed_at:
            return self.problem or NOT_ASKED
        old = kind == "volumes" and self.listed_at[kind] < self.changed_at
        why = self.problem or ("the droplets have changed since" if old else "")
        return f"as of {utc(self.listed_at[kind])}: {why}" if why else ""

    def confirms(self, since: float) -> bool | None:
        """Whether the droplets were listed after a Unix time; ``None`` while they cannot be listed."""
        if self.problem:
            return None
        return self.listed_at.get("droplets", 0.0) >= since

    def _next_kind(self) -> str:
        due = [kind for kind in dict.fromkeys(ORDER) if kind in self._due]
        if self._hurried and not (due and self._turn % 2):
            return "droplets"
        return due[0] if due else ORDER[self._turn % len(ORDER)]

    def _advice(self, error: ListingError) -> str:
        if error.refused:
            return (
                "Set digitalocean:token or DIGITALOCEAN_TOKEN to a valid token. One that can only read is enough. "
                "The console reads the configuration again by itself, and the environment when it starts."
            )
        return f"The next request is at {utc(time.time() + self.pause)}."


def utc(moment: float) -> str:
    """A Unix time as the time of day."""
    return f"{time.strftime('%H:%M:%S', time.gmtime(moment))} UTC"


async def _listed(access: ProviderAccess, kind: str, cluster: str, region: str) -> Items:
    """What the account has of a kind. Raises ``ListingError``."""
    if kind == "droplets":
        return await list_all(access.api_url, kind, access.token, tag_name=cluster)
    if kind == "volumes":
        return await list_all(access.api_url, kind, access.token, region=region)
    return await list_all(access.api_url, kind, access.token)
