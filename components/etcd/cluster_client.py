"""The running cluster: observe its members, and change it outside of the engine."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping, Sequence

import pulumi

from components.api.listing import ListingError
from components.config.settings import Settings
from components.droplets.inventory import Inventory
from components.droplets.power_on import PowerSwitch
from components.droplets.shutdown import remove_droplet, retry_shutdown
from components.etcd.admin import ChangeRefusedError, MemberAdmin
from components.etcd.credentials import operator_context
from components.etcd.health import listed_names
from components.etcd.member_status import NoStatus, Observation, observe_members


class ClusterClient:
    """The members of one cluster. They are found by its tag, and asked over TLS with the operator's certificate."""

    existing: pulumi.Output[frozenset[str]]
    """Names of the members that have a droplet when the run begins. Fails when that is unknown."""
    unguarded: pulumi.Output[bool]
    """Whether no member blocks its shutdown when the run begins."""

    def __init__(
        self,
        settings: Settings,
        *,
        account: Inventory,
        ca_certificate: pulumi.Output[str],
        operator_certificate: pulumi.Output[str],
        operator_key: pulumi.Output[str],
    ) -> None:
        self._settings = settings
        self._access = account.access
        self._credentials = pulumi.Output.all(ca_certificate, operator_certificate, operator_key)
        self._context: ssl.SSLContext | None = None
        self._book = account.book
        self._power = PowerSwitch(self._access, self._book)
        self.existing = account.existing
        self.unguarded = account.unguarded

    def forget_addresses(self) -> None:
        """List the droplets again before the next observation, since one of them was replaced."""
        self._book.forget()

    async def credentials_known(self) -> bool:
        """Whether the operator's certificate is known. It is unknown in a preview that creates it."""
        return await self._credentials.is_known()

    async def observe(self) -> Mapping[str, Observation]:
        """Ask all members at once: the configured ones, those with a droplet, and those that etcd lists."""
        context = await self._tls_context()
        try:
            addresses = await self._book.addresses()
        except ListingError as error:
            return {name: NoStatus(str(error)) for name in self._settings.member_names}
        known = await observe_members(addresses, {*self._settings.member_names, *addresses}, context)
        return {**await observe_members(addresses, listed_names(known) - set(known), context), **known}

    async def transfer_leadership(self, leader: str, to: str) -> None:
        """Make the member with the id ``to`` the leader instead of ``leader``.

        A failure is logged, not raised: etcd transfers its leadership when it stops, anyway.
        """
        try:
            await (await self.admin(leader)).transfer_leadership(to)
        except ChangeRefusedError as error:
            pulumi.log.warn(
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

    async def append_entries(self, through: str, count: int) -> None:
        """Add entries to Raft's log that change nothing. Raises ``ChangeRefusedError``."""
        await (await self.admin(through)).append_entries(count)

    async def droplets_named(self, name: str) -> Sequence[int]:
        """Ids of the droplets that have the cluster's tag and this name at this moment."""
        return [droplet["id"] for droplet in await self._book.droplets() if droplet["name"] == name]

    async def remove_droplet(self, droplet: int) -> None:
        """Shut a droplet down, detach its volumes and delete it."""
        await remove_droplet(self._access, droplet, seconds=self._settings.droplet_timeout_seconds)

    async def retry_shutdown(self, name: str, *, since: float, unresponsive: bool) -> frozenset[str]:
        """Retry the shutdown of a member's droplet, if one was requested since a Unix time.

        Returns the types of the actions that were started: ``shutdown``, or ``power_off`` for an unresponsive machine.
        A failure starts nothing, and the next call tries again.
        """
        limit = self._settings.droplet_timeout_seconds
        try:
            named = [droplet for droplet in await self._book.droplets() if droplet["name"] == name]
        except ListingError:
            return frozenset()
        # An action on a droplet that is off already would delay its deletion.
        active = [droplet["id"] for droplet in named if droplet["status"] == "active"]
        started = [
            await retry_shutdown(self._access, one, since=since, limit=limit, unresponsive=unresponsive)
            for one in active
        ]
        return frozenset(filter(None, started))

    async def power_on(self, names: Iterable[str]) -> None:
        """Power on the droplets of these members that are configured, and off while no action runs on them."""
        wanted = set(names)
        await self._power.turn_on([name for name in self._settings.member_names if name in wanted])

    async def admin(self, name: str) -> MemberAdmin:
        """The named member, for changes of the cluster."""
        return MemberAdmin(name, (await self._book.addresses())[name], await self._tls_context())

    async def _tls_context(self) -> ssl.SSLContext:
        if self._context is None:
            resolved = await self._credentials.future()
            if resolved is None:
                raise RuntimeError(
                    "the operator's certificate is unknown in this preview, so no member can be asked"
                )
            self._context = operator_context(*resolved)
        return self._context
