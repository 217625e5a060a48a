"""The health of the other members, asked of each of them over TLS."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from components.shared.health import LEARNER, not_connected
from components.shared.ports import PEER_PORT
from etcd_node.etcd.client import MEMBERS_PATH, ClusterClient, NoQuorumError, members_in_answer
from etcd_node.etcd.health import connected_problem, own_health
from etcd_node.etcd.local_metrics import read_local_metrics
from etcd_node.etcd.membership import ListedMember, is_foreign, is_self, was_removed
from etcd_node.etcd.transport import (
    MemberAddress,
    NoAnswerError,
    PersistentConnection,
    TlsClient,
    other_members,
)
from etcd_node.etcd.wal import Contents, read_disk
from etcd_node.host.etcd_environment import peer_url
from etcd_node.host.hosts_file import read_members
from etcd_node.host.settings import Paths, Settings

ESTABLISHED = "01"
"""The state of an open connection in the kernel's tables."""


@dataclass(frozen=True)
class PeerObservation:
    """The state of this machine's member and of the other members at one moment."""

    has_data: bool
    """Whether this machine has a member's data."""
    healthy: bool = False
    """Whether this machine's own etcd is healthy."""
    removed: bool = False
    """Whether a quorum of the other members lists the cluster without this member."""
    others: Sequence[str] = ()
    """Names of the other members that are known."""
    unhealthy: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names of the unhealthy ones among them, and what is wrong with each."""
    members_changed: bool = False
    """Whether this machine's own etcd lists other members than at the last observation."""


class PeerHealth:
    """Observes the other members. Keeps a connection to each of them open between observations."""

    def __init__(self, settings: Settings, paths: Paths, client: TlsClient) -> None:
        self._settings = settings
        self._paths = paths
        self._client = client
        self._own = client.peer_connection(MemberAddress(settings.name, settings.metrics.rsplit(":", 1)[0]))
        self._connections: dict[str, PersistentConnection] = {}
        self._members: tuple[ListedMember, ...] = ()
        self._threads = ThreadPoolExecutor(16)

    @property
    def sockets(self) -> list[socket.socket]:
        """The open connections to other members. One that becomes readable has most likely been closed."""
        return [kept.socket for kept in self._connections.values() if kept.socket is not None]

    def observe(self) -> PeerObservation:
        """Observe all members. Takes as long as the slowest of them: 3 s when one does not answer."""
        healthy, removed = own_health(self._settings.metrics), False
        own = self._local_members()
        changed = bool(own and self._members) and {one.id for one in own} != {one.id for one in self._members}
        self._members = own or self._members
        if not healthy:
            disk = read_disk(self._paths.data)
            if disk.contents is Contents.BLANK and not own:
                # Without data there is nothing to lose, and nobody to ask.
                return PeerObservation(has_data=False)
            # A damaged log may not tell it, and data without a log has none.
            identity = disk.identity
            # Our own list may be old, so it does not prove a removal.
            try:
                confirmed = ClusterClient(
                    self._client, other_members(self._settings, self._paths)
                ).list_members()
            except NoQuorumError:
                pass
            else:
                self._members = confirmed.members
                removed = identity is not None and was_removed(identity.member, identity.cluster, confirmed)
        others = self._others()
        problems = self._threads.map(self._problem_of, others)
        unhealthy = {
            member.host: problem for member, problem in zip(others, problems, strict=True) if problem
        }
        for name in self._connections.keys() - {member.host for member in others}:
            self._connections.pop(name).close()
        return PeerObservation(True, healthy, removed, [member.host for member in others], unhealthy, changed)

    def _others(self) -> list[ListedMember]:
        """The other members. Before the first list: the initial members and those that have an address.

        No learner that was added by hand is among them, since nobody may ever promote it: one with a name of another
        form, or without a droplet.
        """
        name = self._settings.name
        made = {*self._settings.initial_members, *self._addresses()}
        if self._members:
            return [
                member
                for member in self._members
                if not is_self(name, member)
                and not (member.learner and (is_foreign(name, member) or member.host not in made))
            ]
        return [ListedMember(0, one, (peer_url(one),), learner=False) for one in sorted(made - {name})]

    def _addresses(self) -> dict[str, str]:
        return read_members(self._paths.hosts)

    def _local_members(self) -> tuple[ListedMember, ...]:
        try:
            return members_in_answer(self._own.get(MEMBERS_PATH))
        except NoAnswerError:
            return ()

    def _problem_of(self, member: ListedMember) -> str:
        """Why another member is unhealthy; empty when it is healthy.

        A replaced member has a new address. It connects to this machine from there long before /etc/hosts has that
        address, so we also try the addresses that are connected to us; the certificate proves which member it is.
        This is quick, and it has to be: once all members are healthy, the next one may be shut down.
        """
        if member.learner:
            return LEARNER
        if is_foreign(self._settings.name, member):
            metrics = read_local_metrics(self._settings.metrics)
            connected = metrics is not None and member.id in metrics.active
            return "" if connected else not_connected(member.id)
        name, problem = member.host, "its address is not known"
        kept = self._connections.get(name)
        if kept is not None and kept.socket is not None:
            # No second try: if the member has gone, a shutdown request may follow soon.
            return connected_problem(kept)
        known = self._addresses()
        unknown = connected_from(PEER_PORT, self._settings.listen, _kernel_tables()) - set(known.values())
        for address in [*sorted(unknown), *([known[name]] if name in known else [])]:
            opened = self._client.client_connection(MemberAddress(name, address))
            problem = connected_problem(opened)
            if opened.socket is not None:
                self._connections[name] = opened
                break
        return problem


def connected_from(port: int, listen: str, tables: Sequence[str]) -> set[str]:
    """IPv4 addresses of the other machines that are connected to a port of this one.

    ``tables`` are the kernel's tables of connections (proc_pid_net(5)). When etcd listens on all addresses, a
    connection is in ``tcp6``, as an IPv6 address that ends with the IPv4 one.
    """
    found: set[str] = set()
    for line in (line for table in tables for line in table.splitlines()[1:]):
        _, local, remote, state, *_ = line.split()
        address, own_port = _endpoint(local)
        peer, _ = _endpoint(remote)
        listens = own_port == port and listen in {"0.0.0.0", address}  # noqa: S104
        if state == ESTABLISHED and listens and peer != address:
            found.add(peer)
    return found


def _kernel_tables() -> list[str]:
    return [table.read_text() for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")) if table.exists()]


def _endpoint(text: str) -> tuple[str, int]:
    address, _, port = text.partition(":")
    # The kernel prints the address in this machine's byte order.
    return socket.inet_ntoa(struct.pack("=I", int(address[-8:], 16))), int(port, 16)
