"""A survey of the other members, which a recovery makes before it changes anything."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum

from components.shared.names import member_number
from etcd_node.bootstrap.bootstrap_rules import PeerState
from etcd_node.bootstrap.bootstrap_server import PATH, report_from
from etcd_node.digitalocean.address_book import addresses_of
from etcd_node.digitalocean.api import Droplet, ListingError
from etcd_node.etcd.client import ClusterClient, NoQuorumError, RefusedError, local_members, read_status
from etcd_node.etcd.local_metrics import read_local_metrics
from etcd_node.etcd.membership import ListedMember, MemberList, is_foreign
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient
from etcd_node.etcd.wal import Contents
from etcd_node.host.hosts_file import read_members
from etcd_node.host.settings import Paths, Settings
from etcd_node.monitoring.facts import words

CONNECTION_REFUSED = os.strerror(errno.ECONNREFUSED)
UNKNOWN_ADDRESS = "its address is not known"
UNSENT = (
    *(errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN),
    # Routes of the types blackhole and prohibit, and a packet filter (ip-route(8)).
    *(errno.EINVAL, errno.EACCES, errno.EPERM),
)
"""Errors of a machine that could not send anything."""
SILENCES = (UNKNOWN_ADDRESS, "no answer in time", *map(os.strerror, UNSENT))
"""The reasons of members that sent nothing back. Everything else is an answer."""


class MemberState(Enum):
    """The state of another member, as this member observed it."""

    HAS_LEADER = "runs etcd and follows a leader"
    NO_LEADER = "runs etcd without a leader"
    BLANK = "has no data and waits"
    STOPPED = "is up, but etcd is not running"
    REFUSES = "answers, but does not tell its state"
    OFF = "is powered off"
    NO_DROPLET = "has no droplet"
    SILENT = "is silent"


@dataclass(frozen=True)
class MemberObservation:
    """The state of one other member."""

    name: str
    state: MemberState
    detail: str = ""
    """What the member or its machine says, or why there is no answer."""

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
    voters: frozenset[str] = frozenset()
    """Names of the voters in a member's own list, which may be old. Empty when no member has answered with one."""
    follower: str = ""
    """The name of this member if its own etcd follows a leader. Empty if not, or if a quorum has confirmed the list."""
    refusal: str = ""
    """Why no quorum has confirmed the list."""

    @property
    def quorum(self) -> list[str]:
        """Names of the voters of a quorum: those that it lists, or else those that follow a leader.

        Learners do not count. Fewer followers than a majority of the voters are no quorum.
        """
        if self.confirmed is not None:
            return [member.host for member in self.confirmed.members if not member.learner]
        following = [other.name for other in self.others if other.state is MemberState.HAS_LEADER]
        if self.follower:
            return [self.follower, *following]
        if not self.voters:
            return following
        voting = [name for name in following if name in self.voters]
        # This member may follow the same leader.
        return voting if 2 * (len(voting) + 1) > len(self.voters) else []

    @property
    def quorum_text(self) -> str:
        """The quorum in a sentence without its full stop. A voter in its list need not run."""
        if self.confirmed is not None:
            return f"The cluster has a quorum. Its voters are {', '.join(self.quorum)}"
        return f"The cluster has a quorum. These members follow a leader: {', '.join(self.quorum)}"

    @property
    def silent(self) -> list[MemberObservation]:
        """Members that may run: their silence does not show that they are down."""
        return self.having(MemberState.SILENT)

    def having(self, *states: MemberState) -> list[MemberObservation]:
        """The other members in these states."""
        return [other for other in self.others if other.state in states]


def survey_members(
    settings: Settings,
    paths: Paths,
    list_droplets: Callable[[], list[Droplet]],
    read_size: Callable[[], int | None] = lambda: None,
) -> Survey:
    """Ask all other members at the same time. ``list_droplets`` and ``read_size`` may raise ``ListingError``.

    Members without a droplet whose number is above the cluster's size are left out: no run makes them again.
    """
    addresses = read_members(paths.hosts)
    droplets: list[Droplet] | None = None
    problem, size = "", None
    try:
        found = list_droplets()
        addresses |= addresses_of(found).by_name
        if any(droplet.name == settings.name for droplet in found):
            droplets = found
        else:
            # It may be the listing of another account.
            problem = f"DigitalOcean does not list this droplet, {settings.name}"
        size = read_size()
    except ListingError as error:
        problem = str(error)
    client = TlsClient(paths.etc)
    me = MemberAddress(settings.name, addresses.get(settings.name, settings.listen))
    listed = _own_list(client, me)
    names = {*settings.initial_members, *addresses, *(member.host for member in listed)} - {me.name}
    # A member that was added by hand runs somewhere else. That it has no droplet here does not show that it is down.
    foreign = {member.host for member in listed if is_foreign(me.name, member)}
    others = {
        name: MemberAddress(name, addresses[name]) if name in addresses else None for name in sorted(names)
    }
    known = [member for member in (me, *others.values()) if member is not None]
    with ThreadPoolExecutor(16) as threads:
        confirmed = threads.submit(_confirmed_list, client, known)
        asked = [
            threads.submit(_observe, client, name, member, None if name in foreign else droplets)
            for name, member in others.items()
        ]
        observed = tuple(
            one
            for one in (call.result() for call in asked)
            if size is None or one.state is not MemberState.NO_DROPLET or member_number(one.name) <= size
        )
    answer = confirmed.result()
    refusal = answer if isinstance(answer, str) else ""
    metrics = read_local_metrics(settings.metrics) if refusal else None
    return Survey(
        observed,
        None if isinstance(answer, str) else answer,
        tuple(sorted({one.name for one in droplets or ()})),
        problem,
        frozenset(member.host for member in listed if not member.learner),
        settings.name if metrics and metrics.has_leader and not metrics.learner else "",
        refusal,
    )


def _own_list(client: TlsClient, me: MemberAddress) -> tuple[ListedMember, ...]:
    try:
        return local_members(client, me)
    except NoAnswerError:
        return ()


def _confirmed_list(client: TlsClient, members: Sequence[MemberAddress]) -> MemberList | str:
    try:
        return ClusterClient(client, members).list_members()
    except NoQuorumError as error:
        return str(error)


def _observe(
    client: TlsClient, name: str, member: MemberAddress | None, droplets: Sequence[Droplet] | None
) -> MemberObservation:
    reason = UNKNOWN_ADDRESS
    if member is not None:
        try:
            report = report_from(name, client.request_peer(member, "GET", PATH))
            if report.state in {PeerState.BLANK, PeerState.DECIDED}:
                return MemberObservation(name, MemberState.BLANK)
            if report.state is PeerState.REMAINS:
                return MemberObservation(name, MemberState.STOPPED, report.state.value)
            if report.state is PeerState.RUNNING:
                return _observe_etcd(client, member)
            reason = report.detail
        except NoAnswerError as error:
            reason = str(error)
    state, detail = _state_by_api(name, reason, droplets)
    told = None
    if member is not None and state in {MemberState.STOPPED, MemberState.SILENT}:
        told = _told(client, member)
    return told or MemberObservation(name, state, detail)


def _observe_etcd(client: TlsClient, member: MemberAddress) -> MemberObservation:
    detail = ""
    try:
        follows = read_status(client, member).leader
    except (NoAnswerError, RefusedError) as error:
        # It has answered on the peer port, so this is no silence.
        follows = _told_leader(client, member) if isinstance(error, RefusedError) else None
        if follows is None:
            return MemberObservation(member.name, MemberState.REFUSES, str(error))
        detail = str(error)
    return MemberObservation(
        member.name, MemberState.HAS_LEADER if follows else MemberState.NO_LEADER, detail
    )


def _told_leader(client: TlsClient, member: MemberAddress) -> bool | None:
    """Whether etcd's metrics on a member's machine show a leader. ``None`` if the machine does not tell."""
    try:
        return client.request_exporter(member, "/status").json().get("leader")
    except (NoAnswerError, ValueError, AttributeError):
        return None


def _told(client: TlsClient, member: MemberAddress) -> MemberObservation | None:
    """What a member's machine says about it, or ``None`` if it says nothing."""
    try:
        values = client.request_exporter(member, "/status").json()
        volume = values["volume"]
        # Without its volume, the machine shows an empty directory.
        contents = values["disk"].get("contents", "") if volume["mounted"] or not volume["name"] else ""
        state = MemberState.BLANK if contents == Contents.BLANK.value else MemberState.STOPPED
        if values["unit"]["etcd"] == "active":
            state = MemberState.REFUSES
        return MemberObservation(member.name, state, words(values))
    except (NoAnswerError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _state_by_api(name: str, reason: str, droplets: Sequence[Droplet] | None) -> tuple[MemberState, str]:
    """Return the state of a member that gave no usable answer, as far as the droplets show it."""
    own = [droplet for droplet in droplets or () if droplet.name == name]
    if droplets is not None and not own:
        return MemberState.NO_DROPLET, ""
    if own and all(droplet.off for droplet in own):
        return MemberState.OFF, ""
    # Only a running machine refuses a connection, and only where nothing listens.
    if reason == CONNECTION_REFUSED:
        return MemberState.STOPPED, ""
    return (MemberState.SILENT if reason in SILENCES else MemberState.REFUSES), reason
