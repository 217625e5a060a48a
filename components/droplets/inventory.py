"""What DigitalOcean has of the cluster when a run begins, as both of its tokens see it.

What has no droplet is created at once, and asks no gate. So an empty listing must be true, and a token of another
team lists nothing as well, without any error: each token is held against the other.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.api.listing import ListingError, list_all
from components.api.retry import PAUSES
from components.config.loading import ProviderAccess
from components.config.settings import Settings
from components.droplets.address_book import AddressBook
from components.shared.markers import markers_in
from components.shared.names import MEMBER_NAME

PATIENCE_SECONDS = 60
"""How long a run waits at its beginning for an API that is busy or away."""
PAUSE_SECONDS = 2
LOOKS = 3
"""Two listings at one moment may differ by a droplet that somebody makes or deletes: they are asked for again."""


@dataclass(frozen=True)
class AccountState:
    """The cluster's droplets, each by its id with its name."""

    discovered: Mapping[int, str]
    """Those with the cluster's tag, as the discovery token sees them."""
    tagged: Mapping[int, str]
    """The same as the provider's token sees them."""
    untagged: Mapping[int, str]
    """Those that have a member's name and lack the tag."""
    tags: frozenset[str]
    """All tags of the account, in small letters: a tag keeps the capitals that it was first written with."""

    @property
    def droplets(self) -> frozenset[str]:
        """Names of all droplets of the cluster."""
        return frozenset({*self.tagged.values(), *self.untagged.values()})


class Inventory:
    """The account's droplets at the beginning of a run. Its outputs fail where that is not known for sure."""

    seen: pulumi.Output[AccountState]
    """What both tokens have agreed on."""
    existing: pulumi.Output[frozenset[str]]
    """Names of the members that have a droplet."""
    unguarded: pulumi.Output[bool]
    """Whether no member refuses its shutdown when the run begins: the last one was all at once, or a teardown or the
    founding was broken off."""
    book: AddressBook
    """The droplets as the discovery token lists them, at any moment."""

    def __init__(self, settings: Settings, *, cluster_tag: str, access: ProviderAccess) -> None:
        self.access = access
        self.book = AddressBook(settings, cluster_tag)
        self._settings = settings
        self._tag = cluster_tag
        self.seen = pulumi.Output.from_input(self._see())
        self.existing = self.seen.apply(self._names)
        self.unguarded = self.seen.apply(lambda sight: markers_in(sight.tags, cluster_tag).unguarded)

    async def _see(self) -> AccountState:
        looks = 0
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                sight = await self._look()
            except ListingError as error:
                if time.monotonic() > give_up or not error.passing:
                    raise unlisted(error) from error
                pulumi.log.info(f"{error}: asking again")
            else:
                looks += 1
                reason = disagreement(sight, self._tag)
                if not (reason or sight.droplets):
                    reason = await self._elsewhere(sight)
                if not reason:
                    return sight
                if looks == LOOKS:
                    raise pulumi.RunError(f"{reason}. Nothing was touched")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _look(self) -> AccountState:
        discovered, whole, tags = await asyncio.gather(
            self.book.droplets(),
            list_all(self.access.api_url, "droplets", self.access.token),
            list_all(self.access.api_url, "tags", self.access.token),
        )
        return sighted(discovered, whole, tags, self._tag, self._settings.member_names)

    async def _elsewhere(self, sight: AccountState) -> str:
        """Why the cluster is to be looked for in another account, where this one has no droplet of it; empty if not.

        A cluster that has lost all its droplets still has its tag.
        """
        if self._tag.casefold() in sight.tags or not await founded(self._tag):
            return ""
        return (
            f"this stack has a cluster, and the account of digitalocean:token and etcd:discoveryToken has neither a "
            f"droplet of it nor the tag {self._tag}: both are of another team, where a second cluster would be made. "
            "If it is the right account, make the tag there (doctl compute tag create), and every member is made again"
        )

    async def holds_anything(self) -> bool:
        """Whether the account has a droplet of the cluster, or a volume. Raises ``ListingError``."""
        sight = await self.seen.future()
        if sight is None or sight.droplets:
            return True
        volume = re.compile(rf"{re.escape(self._tag)}-[1-9]\d*")
        volumes = await list_all(self.access.api_url, "volumes", self.access.token, pauses=PAUSES)
        return any(volume.fullmatch(one["name"]) for one in volumes)

    def _names(self, sight: AccountState) -> frozenset[str]:
        if reason := strangers(sight, self._settings.member_names, self._tag):
            raise pulumi.RunError(f"{reason}. No member was touched")
        if sight.untagged:
            pulumi.log.warn(
                f"{described(sight.untagged)} lacks the tag {self._tag}, by which members find each other: a run that "
                "ends well gives it back to those of this stack"
            )
        return sight.droplets


def sighted(
    discovered: Sequence[Mapping[str, Any]],
    whole: Sequence[Mapping[str, Any]],
    tags: Sequence[Mapping[str, Any]],
    tag: str,
    members: Collection[str],
) -> AccountState:
    """The cluster's droplets among what both tokens list: by the tag, and by the configured members' names."""

    def has_tag(droplet: Mapping[str, Any]) -> bool:
        return tag.casefold() in (one.casefold() for one in droplet.get("tags") or ())

    return AccountState(
        discovered={droplet["id"]: droplet["name"] for droplet in discovered},
        tagged={droplet["id"]: droplet["name"] for droplet in whole if has_tag(droplet)},
        untagged={
            droplet["id"]: droplet["name"]
            for droplet in whole
            if not has_tag(droplet) and droplet["name"] in members
        },
        tags=frozenset(one["name"].casefold() for one in tags),
    )


def last_gate(cluster: str) -> str:
    """The name of the record that a run makes when all members are healthy."""
    return f"{cluster}-healthy"


async def founded(cluster: str) -> bool:
    """Whether the stack's own state says that the cluster was healthy once."""
    # What the engine has noted of other stacks it tells of this one as well.
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    read: Any = await pulumi.runtime.invoke_async(
        "pulumi:pulumi:readStackResourceOutputs", {"stackName": stack}
    )
    return any(urn.endswith(f"::{last_gate(cluster)}") for urn in read["outputs"])


def disagreement(sight: AccountState, tag: str) -> str:
    """Which of the tokens does not see droplets that the other one sees; empty where they agree."""
    if hidden := _without(sight.tagged, sight.discovered):
        return (
            f"etcd:discoveryToken does not see {described(hidden)} among the droplets with the tag {tag}, "
            "and digitalocean:token does: it is of another team, or lacks the scopes droplet:read and tag:read"
        )
    if hidden := _without(sight.discovered, sight.tagged):
        return (
            f"digitalocean:token does not see {described(hidden)} with the tag {tag}, and etcd:discoveryToken does: "
            "it is of another team, where a second cluster would be made, or lacks the scope tag:read"
        )
    return ""


def strangers(sight: AccountState, members: Collection[str], tag: str) -> str:
    """Why it is not known which members have a droplet, if it is not."""
    absent = set(members) - sight.droplets
    renamed = {id_: name for id_, name in sight.tagged.items() if not MEMBER_NAME.fullmatch(name)}
    if not (absent and renamed):
        return ""
    return (
        f"{described(renamed)} has the tag {tag} and no member's name, and {' and '.join(sorted(absent))} cannot be "
        "found: give it back its name, or take the tag off it if it is none of them"
    )


def unlisted(error: ListingError) -> pulumi.RunError:
    """What to do where the API has not said which droplets exist."""
    return pulumi.RunError(
        f"{error}. Before anything is changed the program must know which droplets exist: it asks with "
        "etcd:discoveryToken at etcd:discoveryApiUrl, and with digitalocean:token, which both need the scopes "
        "droplet:read and tag:read. Nothing was touched; run pulumi up again"
    )


def described(droplets: Mapping[int, str]) -> str:
    """Droplets in words, by name and id."""
    return "droplet " + ", ".join(f"{name} ({id_})" for id_, name in sorted(droplets.items()))


def _without(some: Mapping[int, str], others: Mapping[int, str]) -> dict[int, str]:
    return {id_: name for id_, name in some.items() if id_ not in others}
