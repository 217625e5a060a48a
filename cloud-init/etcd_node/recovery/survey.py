"""A survey of the other members, which a recovery makes before it changes anything."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum

from etcd_node.bootstrap.bootstrap_rules import PeerState
from etcd_node.bootstrap.bootstrap_server import PATH, report_from
from etcd_node.digitalocean.address_book import addresses_of
from etcd_node.digitalocean.api import Droplet, ListingError
from etcd_node.etcd.client import ClusterClient, NoQuorumError, RefusedError, local_members, read_status
from etcd_node.etcd.membership import MemberList
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient
from etcd_node.host.hosts_file import read_members
from etcd_node.host.settings import Paths, Settings

CONNECTION_REFUSED = os.strerror(errno.ECONNREFUSED)


class MemberState(Enum):
    """The state of another member, as this member observed it."""

    HAS_LEADER = "runs etcd and follows a leader"
    NO_LEADER = "runs etcd without a leader"
    BLANK = "has no data and waits"
    STOPPED = "is up, but etcd is not running"
    OFF = "is powered off"
    NO_DROPLET = "has no droplet"
    SILENT = "is silent"


@dataclass(frozen=True)
class MemberObservation:
    """The state of one other member."""

    name: str
    state: MemberState
    detail: str = ""
    """The reason for the silence of a silent member."""

    def __str__(self) -> str:
        return f"{self.name} {self.state.value}" + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True)
class Survey:
    """The states of all other members, and the lists of members and droplets."""

    others: tuple[MemberObservation, ...]
    """Every other member that any source names."""
    confirmed: MemberList | None = None
    """The member list that a quorum confirms now, if there is a quorum."""
    droplets: tuple[str, ...] = ()
    """Names of the cluster's droplets. Empty when they cannot be listed."""
    problem: str = ""
    """Why the droplets cannot be listed."""

    @property
    def quorum(self) -> list[str]:
        """Names of the members of a quorum: those that it lists, or else those that follow a leader."""
        if self.confirmed is not None:
            return [member.host for member in self.confirmed.members]
        return [other.name for other in self.others if other.state is MemberState.HAS_LEADER]

    @property
    def silent(self) -> list[MemberObservation]:
        """Members that may run: their silence does not show that they are down."""
        return [other for other in self.others if other.state is MemberState.SILENT]


def survey_members(settings: Settings, paths: Paths, list_droplets: Callable[[], list[Droplet]]) -> Survey:
    """Ask all other members at the same time. ``list_droplets`` may raise ``ListingError``."""
    addresses = read_members(paths.hosts)
    droplets: list[Droplet] | None = None
    problem = ""
    try:
        listed = list_droplets()
        addresses |= addresses_of(listed).by_name
        if any(droplet.name == settings.name for droplet in listed):
            droplets = listed
        else:
            # It may be the listing of another account.
            problem = f"DigitalOcean does not list this droplet, {settings.name}"
    except ListingError as error:
        problem = str(error)
    client = TlsClient(paths.etc)
    me = MemberAddress(settings.name, addresses.get(settings.name, settings.listen))
    names = {*settings.initial_members, *addresses, *_own_list(client, me)} - {me.name}
    others = {
        name: MemberAddress(name, addresses[name]) if name in addresses else None for name in sorted(names)
    }
    known = [member for member in (me, *others.values()) if member is not None]
    with ThreadPoolExecutor(16) as threads:
        confirmed = threads.submit(_confirmed_list, client, known)
        asked = [threads.submit(_observe, client, name, member, droplets) for name, member in others.items()]
        observed = tuple(one.result() for one in asked)
    return Survey(observed, confirmed.result(), tuple(sorted({one.name for one in droplets or ()})), problem)


def _own_list(client: TlsClient, me: MemberAddress) -> list[str]:
    try:
        return [member.host for member in local_members(client, me)]
    except NoAnswerError:
        return []


def _confirmed_list(client: TlsClient, members: Sequence[MemberAddress]) -> MemberList | None:
    try:
        return ClusterClient(client, members).list_members()
    except NoQuorumError:
        return None


def _observe(
    client: TlsClient, name: str, member: MemberAddress | None, droplets: Sequence[Droplet] | None
) -> MemberObservation:
    reason = "its address is not known"
    if member is not None:
        try:
            report = report_from(name, client.request_peer(member, "GET", PATH))
            if report.state in {PeerState.BLANK, PeerState.DECIDED}:
                return MemberObservation(name, MemberState.BLANK)
            if report.state is PeerState.RUNNING:
                return MemberObservation(
                    name,
                    MemberState.HAS_LEADER if read_status(client, member).leader else MemberState.NO_LEADER,
                )
            reason = report.detail
        except (NoAnswerError, RefusedError) as error:
            reason = str(error)
    return MemberObservation(name, *_state_by_api(name, reason, droplets))


def _state_by_api(name: str, reason: str, droplets: Sequence[Droplet] | None) -> tuple[MemberState, str]:
    """Return the state of a member that gave no usable answer, as far as the droplets show it."""
    own = [droplet for droplet in droplets or () if droplet.name == name]
    if droplets is not None and not own:
        return MemberState.NO_DROPLET, ""
    if own and all(droplet.off for droplet in own):
        return MemberState.OFF, ""
    # Only a running machine refuses a connection, and only where nothing listens.
    return (MemberState.STOPPED, "") if reason == CONNECTION_REFUSED else (MemberState.SILENT, reason)
