"""Lists the cluster's droplets when a run begins, with both of its tokens, and compares the two listings.

A member without a droplet is created immediately, so an empty listing must be proven correct. A token of another team
also lists nothing, and without an error. So what one token lists must agree with what the other lists. And the stack's
state must know the cluster that they list: ``components/identity/ownership.py``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from ..api.clock import ApiClock
from ..api.listing import ListingError, list_all
from ..api.retry import LISTING_LAG_SECONDS, PAUSES
from ..config.loading import ProviderAccess
from ..config.naming import key_of, provider_key
from ..config.running_clusters import failing_last
from ..config.settings import Settings
from ..identity.ownership import (
    ClusterDroplet,
    Component,
    Run,
    cluster_volumes,
    needs_volumes,
    renamed,
    unknown_cluster,
)
from ..identity.stack_state import DROPLET_TYPE, StackState, read_stack_state
from ..run_log import log
from ..shared.markers import markers_in
from ..shared.names import MEMBER_NAME, by_number, same_cluster
from .address_book import AddressBook, has_tag

PATIENCE_SECONDS = 60
"""Seconds that a run waits at its beginning for an API that is busy or does not answer."""
PAUSE_SECONDS = 2
"""Seconds between two attempts."""
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
    """All tags of the account as it lists them, with the capitals of their first use. DigitalOcean ignores the case."""
    unused_tags: frozenset[str]
    """Those of them that no resource has."""
    with_tags: tuple[ClusterDroplet, ...]
    """The tagged and the untagged droplets, in the order of the members."""

    @property
    def droplets(self) -> frozenset[str]:
        """Names of all droplets of the cluster."""
        return frozenset({*self.tagged.values(), *self.untagged.values()})


class Inventory:
    """The account's droplets at the beginning of a run. Its outputs fail if the two tokens disagree."""

    state: pulumi.Output[AccountState]
    """The state of the account that both tokens agree on, and whose cluster the stack knows."""
    stack: pulumi.Output[StackState]
    """The state of the stack before the run."""
    existing: pulumi.Output[frozenset[str]]
    """Names of the members that have a droplet."""
    unguarded: pulumi.Output[bool]
    """Whether no member blocks its shutdown when the run begins.

    So it is after a run all at once, and after an interrupted destroy or bootstrap.
    """
    clock: ApiClock
    """This machine's clock beside that of the API, as soon as ``state`` is known."""
    book: AddressBook
    """Lists the droplets with the discovery token at any later moment."""

    def __init__(
        self,
        settings: Settings,
        *,
        cluster_tag: str,
        access: ProviderAccess,
        discovery: ProviderAccess | None = None,
        known: pulumi.Output[bool] | None = None,
        component: Component | None = None,
    ) -> None:
        """``access`` and ``discovery`` are known when ``known`` resolves.

        ``component`` is the component of the cluster in a program that may have others.
        """
        self.access = access
        self.clock = ApiClock(access)
        self.book = AddressBook(settings, cluster_tag, discovery)
        self._settings = settings
        self._tag = cluster_tag
        self._known = known or pulumi.Output.from_input(True)
        self._component = component
        self._told = set[str]()
        self._stack = asyncio.ensure_future(read_stack_state(cluster_tag))
        self.stack = pulumi.Output.from_input(self._stack)
        self.state = pulumi.Output.from_input(self._read())
        self.existing = self.state.apply(self._names)
        self.unguarded = self.state.apply(lambda state: markers_in(state.tags, cluster_tag).unguarded)

    @failing_last
    async def _read(self) -> AccountState:
        run = await self._run()
        if not await self._known.future():
            return await self._as_recorded(run)
        attempts = 0
        began = time.monotonic()
        give_up = began + PATIENCE_SECONDS
        late = pulumi.runtime.is_dry_run()
        while True:
            try:
                state = await self._list()
                stack = await self._stack
                if reason := renamed(run, stack):
                    raise pulumi.RunError(reason)
                needed = needs_volumes(stack, state.with_tags)
                volumes = await self._volumes() if needed else ()
            except ListingError as error:
                self._tell(error, give_up - time.monotonic())
            else:
                if not late and self._may_be_incomplete(state, stack):
                    await asyncio.sleep(max(0.0, began + LISTING_LAG_SECONDS - time.monotonic()))
                    late = True
                    continue
                attempts += 1
                reason = disagreement(state, self._tag)
                if not (reason or state.droplets):
                    reason = self._wrong_account(state, stack)
                if not reason:
                    if reason := unknown_cluster(run, stack, state.with_tags, volumes):
                        raise pulumi.RunError(reason)
                    if self.clock.problem:
                        log.warn(f"{self.clock.problem}. This run issues no certificate before that")
                    return state
                if attempts == ATTEMPTS:
                    raise pulumi.RunError(f"{reason}. Nothing was changed")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _run(self) -> Run:
        """The names of this run."""
        component = self._component
        return Run(
            self._tag,
            pulumi.get_organization(),
            pulumi.get_project(),
            pulumi.get_stack(),
            component,
            (await component.urn.future() or "") if component is not None and component.urn else "",
        )

    def _tell(self, error: ListingError, left: float) -> None:
        """Say once why the run lists again. Raise ``RunError`` if it does not, or if no seconds are ``left``."""
        if left < 0 or not error.temporary:
            raise listing_failed(error) from error
        if str(error) not in self._told:
            self._told.add(str(error))
            log.info(f"{error}: listing again every {PAUSE_SECONDS} s, for {left:.0f} s at most")

    async def _as_recorded(self, run: Run) -> AccountState:
        """The account as the stack's state has it, in a preview that does not know a token yet."""
        stack = await self._stack
        if reason := renamed(run, stack):
            raise pulumi.RunError(reason)
        log.info(
            f"{self._tag}: this preview does not know the tokens, so it shows the cluster as the last run left it"
        )
        ours = {
            int(id_): name
            for name, id_ in stack.droplets.items()
            if same_cluster(name, self._settings.member_names[0])
        }
        return AccountState(
            discovered=ours,
            tagged=ours,
            untagged={},
            tags=frozenset(tag for tag in stack.tags if tag.casefold().startswith(self._tag.casefold())),
            unused_tags=frozenset(),
            with_tags=(),
        )

    def _may_be_incomplete(self, state: AccountState, stack: StackState) -> bool:
        """Whether the run before this one may have created a droplet that is not listed yet.

        It has begun to create a member, and the state has no droplet of it: the run was perhaps killed a moment ago.
        DigitalOcean lists a new droplet only seconds later, and would create a second one of the same name.
        """
        begun = {
            name
            for number, name in enumerate(self._settings.member_names, start=1)
            if f"{self._tag}-{number}" in stack.lacking(DROPLET_TYPE)
        }
        return not begun <= state.droplets

    async def _list(self) -> AccountState:
        own = _provider_token()
        discovered, whole, tags, stack = await asyncio.gather(
            _listed_with(_discovery_token(), self.book.droplets()),
            _listed_with(own, list_all(self.access.api_url, "droplets", self.access.token, clock=self.clock)),
            _listed_with(own, list_all(self.access.api_url, "tags", self.access.token, clock=self.clock)),
            self._stack,
        )
        configured = self._settings.member_names
        leaving = {name for name in stack.droplets if same_cluster(name, configured[0])}
        return account_state(discovered, whole, tags, self._tag, {*configured, *leaving})

    async def _volumes(self) -> Sequence[Mapping[str, Any]]:
        listing = list_all(self.access.api_url, "volumes", self.access.token, pauses=PAUSES)
        return await _listed_with(_provider_token(), listing)

    def _wrong_account(self, state: AccountState, stack: StackState) -> str:
        """Say why an account without any droplet of the cluster is the wrong one. Empty if it is not.

        A cluster that has lost all its droplets still has its tag.
        """
        tags = {tag.casefold() for tag in state.tags}
        if self._tag.casefold() in tags or self._tag not in stack.healthy:
            return ""
        return (
            f"this stack has a cluster, and the account of {provider_key('digitalocean:token')} and "
            f"{key_of('discoveryToken')} has neither a droplet of it nor the tag {self._tag}. If both tokens belong "
            "to another team, a second cluster would be created there: use tokens of the cluster's team. If it is "
            f"the right account, create the tag there (doctl compute tag create {self._tag}), and the next run "
            "creates every member again"
        )

    async def has_droplets_or_volumes(self) -> bool:
        """Whether the account has a droplet or a volume of the cluster. Raises ``ListingError``."""
        state = await self.state.future()
        if state is None or state.droplets or not self.access.known:
            return True
        return bool(cluster_volumes(await self._volumes(), self._tag))

    @failing_last
    async def _names(self, state: AccountState) -> frozenset[str]:
        if reason := misnamed(state, self._settings.member_names, self._tag):
            raise pulumi.RunError(f"{reason}. No member was changed")
        for droplet, name in state.untagged.items():
            log.warn(self._untagged(droplet, name, known=str(droplet) in (await self._stack).ids))
        return state.droplets

    def _untagged(self, droplet: int, name: str, *, known: bool) -> str:
        """The warning about a droplet with a member's name and without the cluster's tag."""
        lacks = f"{droplet_names({droplet: name})} lacks the tag {self._tag}"
        if not known:
            return (
                f"{lacks}, and the state of this stack does not know the droplet, so no run changes or deletes it. Two "
                f"clusters whose members have the same names need different values of {key_of('domain')}"
            )
        return (
            f"{lacks}, by which members and their firewall find it. A run with a refresh (pulumi up --refresh) that "
            "replaces no member adds it. Other runs replace none while it lacks the tag. Add it before them: "
            f"{self.book.tag_command(droplet)}"
        )


def account_state(
    discovered: Sequence[Mapping[str, Any]],
    whole: Sequence[Mapping[str, Any]],
    tags: Sequence[Mapping[str, Any]],
    tag: str,
    members: Collection[str],
) -> AccountState:
    """Find the cluster's droplets in the listings of both tokens, by its tag and by the members' names."""

    ours = [droplet for droplet in whole if has_tag(droplet, tag) or droplet["name"] in members]
    return AccountState(
        discovered={droplet["id"]: droplet["name"] for droplet in discovered},
        tagged={droplet["id"]: droplet["name"] for droplet in whole if has_tag(droplet, tag)},
        untagged={
            droplet["id"]: droplet["name"]
            for droplet in whole
            if not has_tag(droplet, tag) and droplet["name"] in members
        },
        tags=frozenset(one["name"] for one in tags),
        unused_tags=frozenset(one["name"] for one in tags if not one["resources"]["count"]),
        with_tags=tuple(
            ClusterDroplet(one["id"], one["name"], frozenset(one.get("tags") or ()))
            for one in sorted(ours, key=lambda one: (by_number(one["name"]), one["id"]))
        ),
    )


def disagreement(state: AccountState, tag: str) -> str:
    """Say which token does not list droplets that the other one lists. Empty if they agree."""
    if hidden := _without(state.tagged, state.discovered):
        return (
            f"{key_of('discoveryToken')} does not list {droplet_names(hidden)} with the tag {tag}, and "
            f"{provider_key('digitalocean:token')} does. Set {key_of('discoveryToken')} to a token of the same team, "
            "with the scopes droplet:read and tag:read"
        )
    if hidden := _without(state.discovered, state.tagged):
        return (
            f"{provider_key('digitalocean:token')} does not list {droplet_names(hidden)} with the tag {tag}, and "
            f"{key_of('discoveryToken')} does. With a token of another team a second cluster would be created there: "
            f"set {provider_key('digitalocean:token')} to a "
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


@dataclass(frozen=True)
class _Token:
    """One of the two tokens with which a run lists, for people."""

    key: str
    """Where the caller sets it."""
    address: str
    """Where the caller sets the address of the API that is asked with it."""
    remedy: str
    """What to set it to if the API refuses it."""


class TokenListingError(ListingError):
    """A listing that failed, and the token that the request used."""

    def __init__(self, error: ListingError, token: _Token) -> None:
        text = f"{error} (the request used {token.key})"
        super().__init__(text, temporary=error.temporary, refused=error.refused)
        self.remedy = (
            f"set {token.key} to {token.remedy}"
            if error.refused
            else f"look at {token.address}, which is the API's address without a path"
        )


def _discovery_token() -> _Token:
    return _Token(
        key_of("discoveryToken"),
        key_of("discoveryApiUrl"),
        "a token of the cluster's team that is valid and has the scopes droplet:read and tag:read",
    )


def _provider_token() -> _Token:
    return _Token(
        provider_key("digitalocean:token"),
        provider_key("digitalocean:apiEndpoint"),
        "a token of the cluster's team that is valid and has the scopes of the README's section Go to DigitalOcean. "
        f"{key_of('discoveryToken')} has only two of them: perhaps the two tokens are swapped",
    )


async def _listed_with(
    token: _Token, listing: Awaitable[Sequence[Mapping[str, Any]]]
) -> Sequence[Mapping[str, Any]]:
    """The listing. An error names the token, because the run lists with two of them."""
    try:
        return await listing
    except ListingError as error:
        raise TokenListingError(error, token) from error


def listing_failed(error: ListingError) -> pulumi.RunError:
    """The error of a run that does not know which droplets exist."""
    needs = (
        f"The program lists the droplets before any change, with {key_of('discoveryToken')} at "
        f"{key_of('discoveryApiUrl')}, and with {provider_key('digitalocean:token')} at "
        f"{provider_key('digitalocean:apiEndpoint')}"
    )
    if error.temporary:
        return pulumi.RunError(
            f"{error}, for {PATIENCE_SECONDS} s. {needs}. Nothing was changed: look at the address of the API, and at "
            "https://status.digitalocean.com, and run pulumi up again"
        )
    remedy = f": {error.remedy}" if isinstance(error, TokenListingError) else ""
    return pulumi.RunError(f"{error}. {needs}{remedy}. Nothing was changed")


def droplet_names(droplets: Mapping[int, str]) -> str:
    """List droplets for people, with their ids, in the order of the members' numbers."""
    ordered = sorted(droplets.items(), key=lambda droplet: (by_number(droplet[1]), droplet[0]))
    return "droplet " + ", ".join(f"{name} ({id_})" for id_, name in ordered)


def _without(some: Mapping[int, str], others: Mapping[int, str]) -> dict[int, str]:
    return {id_: name for id_, name in some.items() if id_ not in others}
