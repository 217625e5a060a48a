"""What the rollout needs of the running cluster and of the engine's resources."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

import pulumi

from ..etcd.admin import DataHash
from ..etcd.member_status import Observation
from ..etcd.node_report import NodeReport
from ..infra.dns import DnsRecord
from .backup_request import Leases


class RunningDroplets(Protocol):
    """The members' droplets at this moment. ``components/droplets/member_droplets.py`` implements it."""

    async def deleted(self, droplets: Mapping[str, str]) -> Mapping[str, str]:
        """Those of the droplets, ids by member, that the API says do not exist any more."""
        ...

    async def power_on(self, names: Iterable[str]) -> None:
        """Power on those of the named droplets that are configured and off."""
        ...

    async def shutdown_was_requested(self, name: str, *, since: float) -> bool:
        """Whether a shutdown of the member's droplet was requested since a Unix time. ``False`` if that is unknown."""
        ...

    async def delete_timeout(self, name: str) -> int | None:
        """Seconds that the engine gives the deletion of a member's droplet; ``None`` if the state does not say."""
        ...

    async def retry_shutdown(self, name: str, *, since: float, unresponsive: bool) -> frozenset[str]:
        """Repeat a shutdown that the engine waits for, or power off a machine that does not respond to it.

        Returns the types of the actions that were started: ``shutdown`` or ``power_off``.
        """
        ...

    async def named(self, name: str) -> Sequence[int]:
        """Ids of the droplets that have the cluster's tag and this name."""
        ...

    async def orphaned(self, name: str) -> Sequence[int]:
        """Those of them that the state does not have."""
        ...

    async def remove(self, droplet: int) -> None:
        """Shut a droplet down, detach its volumes and delete it."""
        ...


class RunningMembers(Protocol):
    """The members at this moment. ``components/etcd/cluster_client.py`` implements it."""

    @property
    def existing(self) -> pulumi.Output[frozenset[str]]:
        """Names of the members that have a droplet when the run begins."""
        ...

    @property
    def unguarded(self) -> pulumi.Output[bool]:
        """Whether no member blocks its shutdown when the run begins."""
        ...

    @property
    def droplets(self) -> RunningDroplets:
        """The members' droplets."""
        ...

    def forget_addresses(self) -> None:
        """List the droplets again before the next observation."""
        ...

    async def observe(self) -> Mapping[str, Observation]:
        """Ask every member once: the configured ones, those with a droplet, and those that etcd lists.

        Members that the program did not make are set apart, and not asked.
        """
        ...

    async def credentials_known(self) -> bool:
        """Whether members can be asked. They cannot in a preview that creates all certificates."""
        ...

    async def reports(self, names: Collection[str]) -> Mapping[str, NodeReport]:
        """Ask the machines of these members why etcd does not run. Those that give no report are left out."""
        ...

    @property
    def clock_problem(self) -> str:
        """By how much this machine's clock differs from that of DigitalOcean's API; empty if it does not."""
        ...

    async def heard(self, observations: Mapping[str, Observation]) -> frozenset[str]:
        """Names of the members from which another member receives messages, as those that answered say."""
        ...

    async def own_address(self) -> str:
        """The address from which this machine connects to members, as far as it knows it; empty when it does not."""
        ...

    async def admin(self, name: str) -> Leases:
        """The named member, for changes of its leases."""
        ...

    async def data_hash(self, name: str, revision: int) -> DataHash:
        """The hash of a member's data at a revision. Raises ``ChangeRefusedError``."""
        ...

    async def transfer_leadership(self, leader: str, to: str) -> None:
        """Make the member with the id ``to`` the leader instead of ``leader``."""
        ...

    async def remove_member(
        self, leaving: str, observations: Mapping[str, Observation], *, through: Sequence[str]
    ) -> None:
        """Remove a member from the cluster, by a request to one of those that stay."""
        ...


class Registered(Protocol):
    """A resource of this run. Its URN resolves when the engine has created, updated or confirmed it."""

    @property
    def urn(self) -> pulumi.Output[str]:
        """The resource's URN."""
        ...


class RegisteredDroplet(Registered, Protocol):
    """A droplet of this run."""

    @property
    def id(self) -> pulumi.Output[str | None]:
        """The droplet's id, unknown in a preview that creates it, ``None`` in a run with ``--target`` that does not."""
        ...


class MemberResources(Protocol):
    """A member's gate, droplet and DNS record, as the gate of the next member sees them."""

    @property
    def gate(self) -> pulumi.CustomResource:
        """The member's gate."""
        ...

    @property
    def droplet(self) -> pulumi.CustomResource:
        """The member's droplet."""
        ...

    @property
    def record(self) -> DnsRecord | None:
        """The member's DNS record, if there are any."""
        ...


class ReplaceableMember(MemberResources, Protocol):
    """A member as the last gate sees it."""

    @property
    def name(self) -> str:
        """The member's name."""
        ...

    @property
    def address(self) -> pulumi.Output[str]:
        """The address of the droplet that clients use."""
        ...

    @property
    def replaced_by(self) -> pulumi.Output[str]:
        """The digest of all inputs whose change replaces the droplet."""
        ...


class DropletChecks(Protocol):
    """Whether DigitalOcean would create the droplets. ``components/droplets/preflight.py`` implements it."""

    async def before_replacing(self) -> None:
        """Raise unless DigitalOcean would surely create the droplet that takes another one's place."""
        ...

    async def before_adding(self) -> None:
        """Raise if DigitalOcean would not create the droplet of a member that has none."""
        ...
