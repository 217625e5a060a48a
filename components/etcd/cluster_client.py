"""The running cluster: observe its members, and change it outside of the engine."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar

import pulumi

from ..api.http_client import NoAnswerError
from ..api.listing import ListingError
from ..config.settings import Settings
from ..droplets.inventory import Inventory
from ..droplets.member_droplets import MemberDroplets
from ..run_log import log
from ..shared.names import by_number, same_cluster
from .admin import Calls, Change, ChangeRefusedError, DataHash, MemberAdmin
from .authentication import is_enabled
from .credentials import Credentials
from .foreign_members import set_apart, with_connections
from .health import listed_names
from .member_status import (
    LACKS_TAG,
    Cause,
    MemberStatus,
    NoStatus,
    Observation,
    observe_members,
)
from .node_report import NodeReport, ask_report
from .own_address import local_address
from .peer_traffic import heard_members
from .server_certificate import common_name

T = TypeVar("T")

RETRY_SECONDS = 1.0
"""The pause before all members are tried again."""
UNKNOWN_CERTIFICATE = "the program's certificate is unknown in this preview, so no member can be asked"


class ClusterClient:
    """The members of one cluster. They are found by its tag, and asked over TLS.

    Observations show the reader's certificate to etcd and to the machines' own port, and changes show the management's.
    Both are the operator's while ``etcd:auth`` is unset.
    """

    existing: pulumi.Output[frozenset[str]]
    """Names of the members that have a droplet when the run begins. Fails when that is unknown."""
    unguarded: pulumi.Output[bool]
    """Whether no member blocks its shutdown when the run begins."""
    droplets: MemberDroplets
    """The members' droplets at this moment."""

    def __init__(
        self,
        settings: Settings,
        *,
        account: Inventory,
        credentials: Credentials,
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._context: ssl.SSLContext | None = None
        self._book = account.book
        self._stack = account.stack
        self._clock = account.clock
        self.existing = account.existing
        self.unguarded = account.unguarded
        self.droplets = MemberDroplets(settings, account)

    def forget_addresses(self) -> None:
        """List the droplets again before the next observation, since one of them was replaced."""
        self._book.forget()

    async def credentials_known(self) -> bool:
        """Whether a certificate for look-ups is known. None is in a preview that creates all of them."""
        return await self._credentials.for_lookups() is not None

    async def observe(self) -> Mapping[str, Observation]:
        """Ask all members at once: the configured ones, those with a droplet, and those that etcd lists.

        Members that the program did not make are set apart, and not asked. A member that the stack's state knows is one
        that the program made, even if it is to leave and its droplet was deleted by hand.
        """
        context = await self._tls_context()
        try:
            addresses = await self._book.addresses()
        except ListingError as error:
            return {name: NoStatus(str(error), Cause.UNLISTED) for name in self._settings.member_names}
        stack = await self._stack.future()
        former = self._same_cluster(() if stack is None else stack.members(self._settings.domain))
        ours = {*self._settings.member_names, *self._same_cluster(addresses)}
        known = set_apart(await observe_members(addresses, ours, context), ours | former)
        known = await with_connections(known, addresses, context)
        found = {**await observe_members(addresses, listed_names(known) - set(known), context), **known}
        droplets = dict[str, str]() if stack is None else stack.droplets
        untagged = await self._untagged(
            {name: droplets[name] for name in found if name in droplets and name not in addresses}
        )
        return {**found, **untagged}

    async def _untagged(self, droplets: Mapping[str, str]) -> dict[str, NoStatus]:
        """The members whose droplets exist without the cluster's tag. ``droplets`` has the ids by name."""
        found: dict[str, NoStatus] = {}
        for name, droplet in droplets.items():
            try:
                if await self._book.lacks_tag(droplet):
                    command = self._book.tag_command(droplet)
                    found[name] = NoStatus(
                        f"its droplet {droplet} {LACKS_TAG} of the cluster. Add it: {command}", Cause.UNTAGGED
                    )
            except ListingError as error:
                found[name] = NoStatus(str(error), Cause.UNLISTED)
        return found

    def _same_cluster(self, names: Iterable[str]) -> set[str]:
        """Those of the names that members of this cluster can have."""
        return {name for name in names if same_cluster(name, self._settings.member_names[0])}

    async def reports(self, names: Collection[str]) -> Mapping[str, NodeReport]:
        """Ask the machines of these members about themselves. Those that give no report are left out."""
        context = await self._tls_context()
        addresses = await self._known_addresses()
        asked = [name for name in names if name in addresses]
        ahead = self._clock.ahead
        reports = await asyncio.gather(
            *(ask_report(name, addresses[name], context, ahead=ahead) for name in asked)
        )
        return {name: report for name, report in zip(asked, reports, strict=True) if report is not None}

    @property
    def clock_problem(self) -> str:
        """By how much this machine's clock differs from that of DigitalOcean's API; empty if it does not."""
        return self._clock.problem

    async def heard(self, observations: Mapping[str, Observation]) -> frozenset[str]:
        """Names of the members from which another member receives messages, as those that answered say."""
        addresses = await self._known_addresses()
        answered = {
            name: status
            for name, status in observations.items()
            if isinstance(status, MemberStatus) and name in addresses
        }
        # Readings take seconds. Without a silent member they are of no use, and without another one there are none.
        if not 0 < len(answered) < len(observations):
            return frozenset()
        context = await self._tls_context()
        senders = await heard_members({name: addresses[name] for name in answered}, context)
        return frozenset(
            name for status in answered.values() for name, id_ in status.ids.items() if int(id_) in senders
        )

    async def own_address(self) -> str:
        """The address from which this machine connects to members, as far as it knows it; empty when it does not."""
        addresses = await self._known_addresses()
        return next((own for address in addresses.values() if (own := local_address(address))), "")

    async def _known_addresses(self) -> Mapping[str, str]:
        """The members' addresses by name. Empty if the droplets cannot be listed."""
        try:
            return await self._book.addresses()
        except ListingError:
            return {}

    async def transfer_leadership(self, leader: str, to: str) -> None:
        """Make the member with the id ``to`` the leader instead of ``leader``.

        A failure is logged, not raised: etcd transfers its leadership when it stops, anyway.
        """
        try:
            await (await self.admin(leader)).transfer_leadership(to)
        except ChangeRefusedError as error:
            log.warn(
                f"{leader} did not transfer its leadership: {error}. etcd transfers it when the member stops"
            )

    async def remove_member(
        self, leaving: str, observations: Mapping[str, Observation], *, through: Sequence[str]
    ) -> None:
        """Remove a member from the cluster, by a request to the first of the members that stay."""
        member = next(
            status.ids[leaving]
            for status in observations.values()
            if not isinstance(status, NoStatus) and leaving in status.ids
        )
        await (await self.admin(through[0])).remove_member(member)

    async def data_hash(self, name: str, revision: int) -> DataHash:
        """The hash of a member's data at a revision. Raises ``ChangeRefusedError``."""
        return await (await self.admin(name)).data_hash(revision)

    async def append_entries(self, through: str, count: int) -> None:
        """Add entries to Raft's log that change nothing. Raises ``ChangeRefusedError``."""
        await (await self.admin(through)).append_entries(count)

    async def changes_possible(self) -> bool:
        """Whether the certificate for changes is known. It is unknown in a preview that creates it."""
        return await self._credentials.for_changes() is not None

    async def authentication_is_on(self) -> bool:
        """Whether etcd enforces permissions. Raises ``ChangeRefusedError``."""
        seconds = self._settings.health_timeout_seconds
        return await self.through_any(is_enabled, seconds=seconds)

    async def disable_authentication(self) -> bool:
        """Switch etcd's authentication off. Returns whether it was on. Users and roles stay.

        Raises ``ChangeRefusedError``.
        """
        was_on = False

        async def disable(calls: Calls) -> None:
            nonlocal was_on
            if await is_enabled(calls):
                was_on = True
                await calls.change("Auth/AuthDisable", {})

        await self.through_any(disable, seconds=self._settings.health_timeout_seconds)
        return was_on

    async def through_any(self, change: Change[T], *, seconds: float) -> T:
        """Make a change through the first member that answers. Raises ``ChangeRefusedError``.

        Members are tried in turn for ``seconds``, and each at least once. A refusal that lasts ends it at once. A
        change may be made twice, when the answer to the first one is lost.
        """
        deadline = time.monotonic() + seconds
        while True:
            refusal = ChangeRefusedError("no member has a known address", temporary=True)
            for name in sorted(self._same_cluster(await self._known_addresses()), key=by_number):
                try:
                    async with (await self.admin(name)).calls() as calls:
                        return await change(calls)
                except ChangeRefusedError as error:
                    if not error.temporary:
                        raise
                    refusal = error
            if time.monotonic() >= deadline:
                raise refusal
            await asyncio.sleep(RETRY_SECONDS)

    async def common_names(self) -> Mapping[str, str]:
        """The common name in each configured member's server certificate; empty for one without.

        Raises ``ChangeRefusedError`` if a member shows none.
        """
        context = await self._tls_context()
        addresses = await self._known_addresses()
        found: dict[str, str] = {}
        for name in self._settings.member_names:
            if name not in addresses:
                raise ChangeRefusedError(f"the address of {name} is unknown", temporary=True)
            try:
                found[name] = await common_name(name, addresses[name], context)
            except NoAnswerError as error:
                raise ChangeRefusedError(
                    f"{name} at {addresses[name]} did not show its certificate: {error}", temporary=True
                ) from error
        return found

    async def admin(self, name: str) -> MemberAdmin:
        """The named member, for changes of the cluster. Raises ``ChangeRefusedError`` if its address is unknown."""
        try:
            addresses = await self._book.addresses()
        except ListingError as error:
            raise ChangeRefusedError(f"the address of {name} is unknown: {error}", temporary=True) from error
        if name not in addresses:
            raise ChangeRefusedError(
                f"the address of {name} is unknown: no droplet is listed for it", temporary=True
            )
        texts = await self._credentials.for_changes()
        if texts is None:
            raise RuntimeError(UNKNOWN_CERTIFICATE)
        return MemberAdmin(name, addresses[name], texts)

    async def _tls_context(self) -> ssl.SSLContext:
        if self._context is None:
            texts = await self._credentials.for_lookups()
            if texts is None:
                raise RuntimeError(UNKNOWN_CERTIFICATE)
            self._context = texts.context()
        return self._context
