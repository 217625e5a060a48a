"""Lists the cluster's droplets when a run begins, with both of its tokens, and compares the two listings.

A member without a droplet is created immediately, so an empty listing must be proven correct. A token of another team
also lists nothing, and without an error. So what one token lists must agree with what the other lists.
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
from components.shared.names import MEMBER_NAME, by_number

PATIENCE_SECONDS = 60
"""Seconds that a run waits at its beginning for an API that is busy or does not answer."""
PAUSE_SECONDS = 2
ATTEMPTS = 3
"""Listings that disagree are repeated: somebody may create or delete a droplet between the two."""


@dataclass(frozen=True)
class AccountState:
    """The cluster's droplets in the account: names by id."""

    discovered: Mapping[int, str]
    """Droplets with the cluster's tag that the discovery token lists."""
    tagged: Mapping[int, str]
    """Droplets with the cluster's tag that the provider's token lists."""
    untagged: Mapping[int, str]
    """Droplets with a member's name and without the tag."""
    tags: frozenset[str]
    """All tags of the account, in lower case. DigitalOcean ignores the case of tags."""

    @property
    def droplets(self) -> frozenset[str]:
        """Names of all droplets of the cluster."""
        return frozenset({*self.tagged.values(), *self.untagged.values()})


class Inventory:
    """The account's droplets at the beginning of a run. Its outputs fail if the two tokens disagree."""

    state: pulumi.Output[AccountState]
    """The state that both tokens agree on."""
    existing: pulumi.Output[frozenset[str]]
    """Names of the members that have a droplet."""
    unguarded: pulumi.Output[bool]
    """Whether no member blocks its shutdown when the run begins.

    So it is after a run all at once, and after an interrupted teardown or bootstrap.
    """
    book: AddressBook
    """Lists the droplets with the discovery token at any later moment."""

    def __init__(self, settings: Settings, *, cluster_tag: str, access: ProviderAccess) -> None:
        self.access = access
        self.book = AddressBook(settings, cluster_tag)
        self._settings = settings
        self._tag = cluster_tag
        self.state = pulumi.Output.from_input(self._read())
        self.existing = self.state.apply(self._names)
        self.unguarded = self.state.apply(lambda state: markers_in(state.tags, cluster_tag).unguarded)

    async def _read(self) -> AccountState:
        attempts = 0
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                state = await self._list()
            except ListingError as error:
                if time.monotonic() > give_up or not error.temporary:
                    raise listing_failed(error) from error
                pulumi.log.info(f"{error}: listing again in {PAUSE_SECONDS} s")
            else:
                attempts += 1
                reason = disagreement(state, self._tag)
                if not (reason or state.droplets):
                    reason = await self._wrong_account(state)
                if not reason:
                    return state
                if attempts == ATTEMPTS:
                    raise pulumi.RunError(f"{reason}. Nothing was changed")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _list(self) -> AccountState:
        discovered, whole, tags = await asyncio.gather(
            self.book.droplets(),
            list_all(self.access.api_url, "droplets", self.access.token),
            list_all(self.access.api_url, "tags", self.access.token),
        )
        return account_state(discovered, whole, tags, self._tag, self._settings.member_names)

    async def _wrong_account(self, state: AccountState) -> str:
        """Say why an account without any droplet of the cluster is the wrong one. Empty if it is not.

        A cluster that has lost all its droplets still has its tag.
        """
        if self._tag.casefold() in state.tags or not await was_healthy_once(self._tag):
            return ""
        return (
            f"this stack has a cluster, and the account of digitalocean:token and etcd:discoveryToken has neither a "
            f"droplet of it nor the tag {self._tag}: both tokens belong to another team, where a second cluster would "
            "be created. Use tokens of the cluster's team. If it is the right account, create the tag there (doctl "
            "compute tag create), and the next run creates every member again"
        )

    async def has_droplets_or_volumes(self) -> bool:
        """Whether the account has a droplet or a volume of the cluster. Raises ``ListingError``."""
        state = await self.state.future()
        if state is None or state.droplets:
            return True
        volume = re.compile(rf"{re.escape(self._tag)}-[1-9]\d*")
        volumes = await list_all(self.access.api_url, "volumes", self.access.token, pauses=PAUSES)
        return any(volume.fullmatch(one["name"]) for one in volumes)

    def _names(self, state: AccountState) -> frozenset[str]:
        if reason := misnamed(state, self._settings.member_names, self._tag):
            raise pulumi.RunError(f"{reason}. No member was changed")
        if state.untagged:
            pulumi.log.warn(
                f"{droplet_names(state.untagged)} lacks the tag {self._tag}, by which members find each other. A "
                "successful run adds it to the droplets of this stack"
            )
        return state.droplets


def account_state(
    discovered: Sequence[Mapping[str, Any]],
    whole: Sequence[Mapping[str, Any]],
    tags: Sequence[Mapping[str, Any]],
    tag: str,
    members: Collection[str],
) -> AccountState:
    """Find the cluster's droplets in the listings of both tokens, by its tag and by the members' names."""

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
    """The name of the resource that a run registers once all members are healthy."""
    return f"{cluster}-healthy"


async def was_healthy_once(cluster: str) -> bool:
    """Whether the stack's state shows that the cluster was healthy once."""
    # The engine answers for the running stack as for any other.
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    read: Any = await pulumi.runtime.invoke_async(
        "pulumi:pulumi:readStackResourceOutputs", {"stackName": stack}
    )
    return any(urn.endswith(f"::{last_gate(cluster)}") for urn in read["outputs"])


def disagreement(state: AccountState, tag: str) -> str:
    """Say which token does not list droplets that the other one lists. Empty if they agree."""
    if hidden := _without(state.tagged, state.discovered):
        return (
            f"etcd:discoveryToken does not list {droplet_names(hidden)} with the tag {tag}, and digitalocean:token "
            "does. Set etcd:discoveryToken to a token of the same team, with the scopes droplet:read and tag:read"
        )
    if hidden := _without(state.discovered, state.tagged):
        return (
            f"digitalocean:token does not list {droplet_names(hidden)} with the tag {tag}, and etcd:discoveryToken "
            "does. With a token of another team a second cluster would be created there: set digitalocean:token to a "
            "token of the same team, with the scope tag:read"
        )
    return ""


def misnamed(state: AccountState, members: Collection[str], tag: str) -> str:
    """Say why it is unknown which members have a droplet. Empty if it is known."""
    absent = set(members) - state.droplets
    renamed = {id_: name for id_, name in state.tagged.items() if not MEMBER_NAME.fullmatch(name)}
    if not (absent and renamed):
        return ""
    return (
        f"{droplet_names(renamed)} has the tag {tag}, but no member's name, and no droplet is named "
        f"{' or '.join(sorted(absent))}: rename the droplet back to its member's name, or remove the tag if it is not "
        "a member"
    )


def listing_failed(error: ListingError) -> pulumi.RunError:
    """The error of a run that does not know which droplets exist."""
    return pulumi.RunError(
        f"{error}. Before any change the program must know which droplets exist. It lists them with "
        "etcd:discoveryToken at etcd:discoveryApiUrl, and with digitalocean:token: both need the scopes droplet:read "
        "and tag:read. Nothing was changed; run pulumi up again"
    )


def droplet_names(droplets: Mapping[int, str]) -> str:
    """List droplets for people, with their ids, in the order of the members' numbers."""
    ordered = sorted(droplets.items(), key=lambda droplet: (by_number(droplet[1]), droplet[0]))
    return "droplet " + ", ".join(f"{name} ({id_})" for id_, name in ordered)


def _without(some: Mapping[int, str], others: Mapping[int, str]) -> dict[int, str]:
    return {id_: name for id_, name in some.items() if id_ not in others}
