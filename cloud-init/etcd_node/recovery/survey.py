"""What an operator's recovery sees of the other members before it changes anything."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum

from etcd_node.bootstrap.bootstrap_rules import Kind
from etcd_node.bootstrap.bootstrap_server import PATH, report_of
from etcd_node.digitalocean.address_book import book_of
from etcd_node.digitalocean.api import Droplet, ListingError
from etcd_node.etcd.client import ClusterClient, NoQuorumError, RefusedError, local_members, read_status
from etcd_node.etcd.membership import MemberList
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient
from etcd_node.host.hosts_file import members_in
from etcd_node.host.settings import Paths, Settings

REFUSED = os.strerror(errno.ECONNREFUSED)


class State(Enum):
    """What another member was seen to be."""

    LED = "runs etcd, and follows a leader"
    LEADERLESS = "runs etcd, without a leader"
    BLANK = "has no data, and waits"
    STOPPED = "is up, without etcd"
    OFF = "is powered off"
    GONE = "has no droplet"
    SILENT = "is silent"


@dataclass(frozen=True)
class MemberObservation:
    """One member."""

    name: str
    state: State
    detail: str = ""
    """Why it is silent."""

    def __str__(self) -> str:
        return f"{self.name} {self.state.value}" + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True)
class Survey:
    """All of it."""

    others: tuple[MemberObservation, ...]
    """Every other member that is known of, from whatever source."""
    confirmed: MemberList | None = None
    """The members as a quorum lists them at this moment, where there is one."""
    droplets: tuple[str, ...] = ()
    """Names of the droplets that the cluster has, if the API could be asked."""
    trouble: str = ""
    """Why the API could not be asked."""

    @property
    def quorum(self) -> list[str]:
        """Who has a quorum: the members that it lists, or those that follow a leader."""
        if self.confirmed is not None:
            return [member.host for member in self.confirmed.members]
        return [other.name for other in self.others if other.state is State.LED]

    @property
    def silent(self) -> list[MemberObservation]:
        """Those that may run, and nobody knows. What is silent is not seen to be down."""
        return [other for other in self.others if other.state is State.SILENT]


def survey_members(settings: Settings, places: Paths, ask: Callable[[], list[Droplet]]) -> Survey:
    """Ask everyone, at the addresses that the API lists. ``ask`` lists the droplets, or raises ``ListingError``."""
    addresses = members_in(places.hosts.read_text() if places.hosts.exists() else "")
    droplets: list[Droplet] | None = None
    trouble = ""
    try:
        listed = ask()
        addresses |= book_of(listed).addresses
        if any(droplet.name == settings.name for droplet in listed):
            droplets = listed
        else:
            # It may be the listing of another account.
            trouble = f"the DigitalOcean listing lacks this droplet, {settings.name}"
    except ListingError as error:
        trouble = str(error)
    client = TlsClient(places.etc)
    me = MemberAddress(settings.name, addresses.get(settings.name, settings.listen))
    names = {*settings.initial_members, *addresses, *_own_list(client, me)} - {me.name}
    asked = {
        name: MemberAddress(name, addresses[name]) if name in addresses else None for name in sorted(names)
    }
    known = [member for member in (me, *asked.values()) if member is not None]
    with ThreadPoolExecutor(16) as threads:
        confirmed = threads.submit(_roll, client, known)
        sights = [threads.submit(_see, client, name, member, droplets) for name, member in asked.items()]
        seen = tuple(sight.result() for sight in sights)
    return Survey(seen, confirmed.result(), tuple(sorted({one.name for one in droplets or ()})), trouble)


def _own_list(client: TlsClient, me: MemberAddress) -> list[str]:
    try:
        return [member.host for member in local_members(client, me)]
    except NoAnswerError:
        return []


def _roll(client: TlsClient, members: Sequence[MemberAddress]) -> MemberList | None:
    try:
        return ClusterClient(client, members).list_members()
    except NoQuorumError:
        return None


def _see(
    client: TlsClient, name: str, member: MemberAddress | None, droplets: Sequence[Droplet] | None
) -> MemberObservation:
    reason = "its address is not known"
    if member is not None:
        try:
            report = report_of(name, client.request_peer(member, "GET", PATH))
            if report.kind in {Kind.BLANK, Kind.DECIDED}:
                return MemberObservation(name, State.BLANK)
            if report.kind is Kind.RUNNING:
                return MemberObservation(
                    name, State.LED if read_status(client, member).leader else State.LEADERLESS
                )
            reason = report.detail
        except (NoAnswerError, RefusedError) as error:
            reason = str(error)
    return MemberObservation(name, *_unseen(name, reason, droplets))


def _unseen(name: str, reason: str, droplets: Sequence[Droplet] | None) -> tuple[State, str]:
    """What the API knows of a member that has not answered as one."""
    own = [droplet for droplet in droplets or () if droplet.name == name]
    if droplets is not None and not own:
        return State.GONE, ""
    if own and all(droplet.off for droplet in own):
        return State.OFF, ""
    # A machine that refuses a connection says itself that nothing listens there.
    return (State.STOPPED, "") if reason == REFUSED else (State.SILENT, reason)
