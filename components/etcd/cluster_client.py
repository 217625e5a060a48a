"""The cluster's members as they are at this moment, and what the program does to them outside of the engine."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping, Sequence

import pulumi

from components.api.listing import ListingError
from components.config.settings import Settings
from components.droplets.inventory import Inventory
from components.droplets.power import PowerSwitch
from components.droplets.shutdown import remove_droplet, retry_shutdown
from components.etcd.admin import MemberAdmin, RefusedError
from components.etcd.health import Credentials, NoStatus, Observation, listed, probe_all


class ClusterClient:
    """The members of one cluster, found by its tag and asked over TLS with the operator's certificate."""

    existing: pulumi.Output[frozenset[str]]
    """Names of the members that have a droplet when the run begins. Fails where that is not known."""
    unguarded: pulumi.Output[bool]
    """Whether no member refuses its shutdown when the run begins."""

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
        """List the droplets again at the next look: one of them was replaced."""
        self._book.forget()

    async def can_be_asked(self) -> bool:
        """Whether the certificates to ask with are known, which they are not in every preview."""
        return await self._credentials.is_known()

    async def look(self) -> Mapping[str, Observation]:
        """Ask every member at once: the configured ones, those with a droplet, and those that the others list."""
        context = await self._tls_context()
        try:
            addresses = await self._book.addresses()
        except ListingError as error:
            return {name: NoStatus(str(error)) for name in self._settings.member_names}
        probes = await probe_all(addresses, {*self._settings.member_names, *addresses}, context)
        return {**await probe_all(addresses, listed(probes) - set(probes), context), **probes}

    async def move_leadership(self, leader: str, to: str) -> None:
        """Make the member with id ``to`` the leader in ``leader``'s place. One that will not, is no obstacle.

        etcd also hands its leadership over when it is stopped in an orderly way.
        """
        try:
            await (await self.gateway(leader)).move_leadership(to)
        except RefusedError as error:
            pulumi.log.warn(f"{leader} keeps the leadership until it stops: {error}")

    async def remove(self, leaving: str, seen: Mapping[str, Observation], *, through: Sequence[str]) -> None:
        """Take a member off the cluster's list, through the first of the members that stay."""
        member = next(
            answer.ids[leaving]
            for answer in seen.values()
            if not isinstance(answer, NoStatus) and leaving in answer.ids
        )
        await (await self.gateway(through[0])).remove(member)

    async def append_entries(self, through: str, count: int) -> None:
        """Let the log grow by entries that change nothing. Raises ``RefusedError``."""
        await (await self.gateway(through)).append_entries(count)

    async def droplets_named(self, name: str) -> Sequence[int]:
        """Ids of the droplets with the cluster's tag and a member's name, at this moment."""
        return [droplet["id"] for droplet in await self._book.droplets() if droplet["name"] == name]

    async def remove_droplet(self, droplet: int) -> None:
        """Shut a droplet down in an orderly way, detach its volumes and delete it."""
        await remove_droplet(self._access, droplet, seconds=self._settings.droplet_timeout_seconds)

    async def retry_shutdown(self, name: str, *, since: float, unresponsive: bool) -> frozenset[str]:
        """Help a member's droplet down that the provider has asked to shut down since a Unix time.

        Gives the types of the actions that were begun: another ``shutdown``, or a ``power_off`` of a machine that
        ``unresponsive``. An API that refuses or is away is no obstacle: it is asked later.
        """
        limit = self._settings.droplet_timeout_seconds
        try:
            named = [droplet for droplet in await self._book.droplets() if droplet["name"] == name]
        except ListingError:
            return frozenset()
        # One that is off needs no help, and an action under way would be in the way of its deletion.
        on = [droplet["id"] for droplet in named if droplet["status"] == "active"]
        begun = [
            await retry_shutdown(self._access, one, since=since, limit=limit, unresponsive=unresponsive)
            for one in on
        ]
        return frozenset(filter(None, begun))

    async def power_on(self, sick: Iterable[str]) -> None:
        """Power on those of the sick members' droplets that are configured, and off with nothing under way."""
        await self._power.turn_on([name for name in self._settings.member_names if name in set(sick)])

    async def gateway(self, name: str) -> MemberAdmin:
        """One member, to change the cluster through."""
        return MemberAdmin(name, (await self._book.addresses())[name], await self._tls_context())

    async def _tls_context(self) -> ssl.SSLContext:
        if self._context is None:
            resolved = await self._credentials.future()
            if resolved is None:
                raise RuntimeError(
                    "the operator's certificate is not known yet: a member was asked in a preview"
                )
            self._context = Credentials(*resolved).tls_context()
        return self._context
