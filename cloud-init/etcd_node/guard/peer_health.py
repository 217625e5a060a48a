"""How the other members are, as this machine sees them over TLS, with nobody's help but theirs."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from etcd_node.etcd.client import MEMBERS_PATH, ClusterClient, NoQuorumError, members_in_answer
from etcd_node.etcd.membership import ListedMember, is_self, was_removed
from etcd_node.etcd.transport import (
    HttpResponse,
    MemberAddress,
    NoAnswerError,
    PersistentConnection,
    TlsClient,
)
from etcd_node.etcd.wal import read_disk
from etcd_node.host.etcd_environment import peer_url
from etcd_node.host.hosts_file import members_in
from etcd_node.host.settings import PEER_PORT, Paths, Settings

ESTABLISHED = "01"


@dataclass(frozen=True)
class PeerObservation:
    """One look around."""

    member: bool
    """Whether this machine has a member's data."""
    healthy: bool = False
    """Whether this machine's own etcd is."""
    removed: bool = False
    """Whether a quorum of the others lists the cluster without this member."""
    others: Sequence[str] = ()
    """Names of the other members, as far as they are known."""
    sick: Mapping[str, str] = field(default_factory=dict[str, str])
    """Those of them that are unhealthy, each with what was seen."""
    changed: bool = False
    """Whether this machine's own etcd lists other members than at the last look."""


class PeerHealth:
    """Looks at the other members, on connections that are kept from look to look."""

    def __init__(self, settings: Settings, places: Paths, client: TlsClient) -> None:
        self._settings = settings
        self._places = places
        self._client = client
        self._own = client.peer_connection(MemberAddress(settings.name, settings.metrics.rsplit(":", 1)[0]))
        self._lines: dict[str, PersistentConnection] = {}
        self._listed: tuple[ListedMember, ...] = ()
        self._threads = ThreadPoolExecutor(16)

    @property
    def sockets(self) -> list[socket.socket]:
        """Those of the connections to other members; one that can be read has ended, most likely."""
        return [line.socket for line in self._lines.values() if line.socket is not None]

    def look(self) -> PeerObservation:
        """Takes as long as the slowest member, which is 3 s where one is silent."""
        healthy, removed = own_health(self._settings.metrics), False
        own = self._own_list()
        changed = bool(own and self._listed) and {one.id for one in own} != {one.id for one in self._listed}
        self._listed = own or self._listed
        if not healthy:
            identity = read_disk(self._places.data).identity
            if identity is None and not own:
                # No data: nothing to lose, and nobody to be asked.
                return PeerObservation(member=False)
            # The own list may be old, and tells nothing of a removal.
            try:
                confirmed = ClusterClient(self._client, self._known_members()).list_members()
            except NoQuorumError:
                pass
            else:
                self._listed = confirmed.members
                removed = identity is not None and was_removed(identity.member, identity.cluster, confirmed)
        others = self._others()
        seen = self._threads.map(self._trouble_of, others)
        sick = {member.host: trouble for member, trouble in zip(others, seen, strict=True) if trouble}
        for name in self._lines.keys() - {member.host for member in others}:
            self._lines.pop(name).close()
        return PeerObservation(True, healthy, removed, [member.host for member in others], sick, changed)

    def _others(self) -> list[ListedMember]:
        """The other members; before any list was seen, those that founded the cluster or have an address."""
        if self._listed:
            return [member for member in self._listed if not is_self(self._settings.name, member)]
        names = {*self._settings.initial_members, *self._addresses()} - {self._settings.name}
        return [ListedMember(0, name, (peer_url(name),), learner=False) for name in sorted(names)]

    def _known_members(self) -> list[MemberAddress]:
        known = self._addresses()
        return [
            MemberAddress(name, address) for name, address in known.items() if name != self._settings.name
        ]

    def _addresses(self) -> dict[str, str]:
        return members_in(self._places.hosts.read_text() if self._places.hosts.exists() else "")

    def _own_list(self) -> tuple[ListedMember, ...]:
        try:
            return members_in_answer(self._own.get(MEMBERS_PATH))
        except NoAnswerError:
            return ()

    def _trouble_of(self, member: ListedMember) -> str:
        """What is wrong with another member; empty when it is healthy.

        A replaced member comes back at another address, from which it connects to this machine long before that
        address stands in /etc/hosts. It is found there, by its certificate: once all are healthy the next member
        may be told to go.
        """
        if member.learner:
            return "it is a learner that has not been promoted yet"
        name, trouble = member.host, "its address is not known"
        line = self._lines.get(name)
        if line is not None and line.socket is not None:
            # Without another try: should it have gone, a press may follow.
            return self._ask(line)
        known = self._addresses()
        strangers = connected_from(PEER_PORT, self._settings.listen, _connections()) - set(known.values())
        for address in [*sorted(strangers), *([known[name]] if name in known else [])]:
            line = self._client.client_connection(MemberAddress(name, address))
            trouble = self._ask(line)
            if line.socket is not None:
                self._lines[name] = line
                break
        return trouble

    @staticmethod
    def _ask(line: PersistentConnection) -> str:
        try:
            return trouble_in(line.get("/health"))
        except NoAnswerError as error:
            return str(error)


def trouble_in(answer: HttpResponse) -> str:
    """What an answer to ``GET /health`` says is wrong; empty when nothing is.

    etcd answers after a linearizable read: it has a leader and a quorum then, and no alarm.
    """
    try:
        values = answer.json()
        if values["health"] == "true":
            return ""
        return f"etcd says it is not healthy: {values.get('reason') or 'no reason given'}"
    except (ValueError, TypeError, KeyError, AttributeError):
        return f"it answers {answer.status}, which etcd does not"


def own_health(metrics: str) -> bool:
    """Whether this machine's own etcd is healthy, asked where it serves its metrics."""
    host, port = metrics.rsplit(":", 1)
    connection = HTTPConnection(host, int(port), timeout=3)
    try:
        connection.request("GET", "/health")
        response = connection.getresponse()
        return not trouble_in(HttpResponse(response.status, response.read()))
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def connected_from(port: int, listen: str, tables: Sequence[str]) -> set[str]:
    """IPv4 addresses of the other machines that are connected to a port of this one.

    ``tables`` are the kernel's lists of connections (proc_pid_net(5)). One that was accepted on every address stands
    in ``tcp6``, as an address of IPv6 that ends with that of IPv4.
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


def _connections() -> list[str]:
    return [table.read_text() for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")) if table.exists()]


def _endpoint(text: str) -> tuple[str, int]:
    address, _, port = text.partition(":")
    # A number in the machine's own byte order.
    return socket.inet_ntoa(struct.pack("=I", int(address[-8:], 16))), int(port, 16)
