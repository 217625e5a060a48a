"""Defragmentation: gives the space of deleted and compacted keys back to the disk, one member at a time.

While a member defragments, it answers no reads and applies no writes, for about a second per 100 MiB in use
(https://etcd.io/docs/v3.6/op-guide/maintenance/#defragmentation). So members take turns: by name, the leader last.
A member that has had its turn shows by the size of its database, so nobody needs to record the turns.

Raft continues meanwhile. The member saves and acknowledges entries, and a leader keeps leading and committing (etcd
``server/etcdserver/raft.go``: only committed entries wait, in the scheduler of ``server.go``). Writes through the
member wait for the end. None fails while the wait is shorter than etcd's time limit and fewer commits wait than etcd
allows (``v3_server.go``). If more is expected, members postpone it until they need the space. A leader is not moved
first, since a transfer of leadership drops the proposals under way.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass

from etcd_node.etcd.client import ClusterClient, NoQuorumError, RefusedError, read_status
from etcd_node.etcd.etcdctl import etcdctl
from etcd_node.etcd.health import member_problem
from etcd_node.etcd.membership import is_foreign
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient
from etcd_node.host.hosts_file import read_members
from etcd_node.host.journal import say, warn
from etcd_node.host.settings import Paths, Settings

MIB = 1 << 20

DEFRAGMENT_TIMEOUT = 900.0
"""Seconds for one defragmentation. etcd itself has no limit."""

SPEED = 50 * MIB
"""Bytes in use that are copied per second on a busy disk: half of the speed in etcd's documentation."""

LONGEST_STALL = 4.0
"""Seconds for which writes may be expected to wait. etcd fails a write after 5 s and two election timeouts."""

LARGEST_BACKLOG = 2500
"""Commits that may be expected to wait: half of the 5000 at which etcd refuses writes."""


@dataclass(frozen=True)
class DatabaseState:
    """A member's report of its database at one moment."""

    name: str
    problem: str = ""
    """Why the member is unhealthy; empty when it is healthy. The other fields of an unhealthy member mean nothing."""
    leads: bool = False
    size: int = 0
    """Bytes of the database file."""
    in_use: int = 0
    """Bytes of the file that hold data."""


@dataclass(frozen=True)
class Limits:
    """Limits at which a defragmentation is worth its stall."""

    bytes: int
    """The least number of bytes that it must free."""
    percent: int
    """The least share of the file that it must free."""
    quota: int
    """Bytes of the file at which etcd refuses writes. From three quarters of the quota on, the space is needed."""


@dataclass(frozen=True)
class NotFragmented:
    """This member's database is not fragmented."""


@dataclass(frozen=True)
class Postpone:
    """This member's database is fragmented, but now is not the time."""

    reason: str


@dataclass(frozen=True)
class TransferLeadership:
    """Transfer leadership to another member, and decide again."""

    to: str


@dataclass(frozen=True)
class Defragment:
    """Defragment now."""


def fragmented(member: DatabaseState, limits: Limits) -> bool:
    """Whether enough of a member's file is free."""
    free = member.size - member.in_use
    return free >= limits.bytes and free * 100 >= member.size * limits.percent


def defragment_step(
    me: str, members: Sequence[DatabaseState], limits: Limits, disk_free: int, commits: int
) -> NotFragmented | Postpone | TransferLeadership | Defragment:
    """The next step of a member.

    ``disk_free`` is the number of free bytes of its disk. ``commits`` is the number of commits per second of the
    cluster.
    """
    own = next(member for member in members if member.name == me)
    if not own.problem and not fragmented(own, limits):
        return NotFragmented()
    for member in members:
        if member.problem:
            return Postpone(f"{member.name}: {member.problem}")
    # The databases of all members decide, so that no member waits for the turn of one that postpones it.
    stall = max(member.in_use for member in members) / SPEED
    needed = any(member.size * 4 >= limits.quota * 3 for member in members)
    if stall > LONGEST_STALL and not needed:
        return Postpone(f"writes would wait {stall:.0f} s, and no database has reached 75 % of the quota")
    if stall * commits > LARGEST_BACKLOG and not needed:
        return Postpone(f"{commits} writes/s are too many to wait {stall:.1f} s")
    for member in by_turn(members):
        if member.name == me:
            break
        if fragmented(member, limits):
            return Postpone(f"it is the turn of {member.name}")
    # etcd writes the new file beside the old one.
    room = own.in_use + own.in_use // 4
    if disk_free < room:
        return Postpone(f"its disk needs {room // MIB} MiB free and has {disk_free // MIB} MiB")
    if stall > LONGEST_STALL and own.leads and len(members) > 1:
        return TransferLeadership(by_turn(members)[0].name)
    return Defragment()


def by_turn(members: Sequence[DatabaseState]) -> list[DatabaseState]:
    """The members in the order of their turns."""
    return sorted(members, key=lambda member: (member.leads, member.name))


def defragment(settings: Settings, paths: Paths) -> None:
    """Defragment if it is worth it and this member's turn.

    Raises ``NoAnswerError`` or ``RefusedError`` when etcd does not do it.
    """
    client = TlsClient(paths.etc)
    known = read_members(paths.hosts)
    limits = Limits(settings.defragment_bytes, settings.defragment_percent, settings.quota_bytes)
    me = MemberAddress(settings.name, known.get(settings.name, settings.listen))
    try:
        confirmed = ClusterClient(client, [me]).list_members()
        commits = commits_per_second(client, me)
    except (NoQuorumError, NoAnswerError, RefusedError) as error:
        say(f"defragmentation postponed: {error}")
        return
    members = [member for member in confirmed.members if not is_foreign(settings.name, member)]
    ids = {member.host: member.id for member in members}
    learners = {member.host for member in members if member.learner}
    if me.name not in ids:
        return
    addresses = {name: me if name == me.name else MemberAddress(name, known.get(name, "")) for name in ids}
    # Twice at most: a leader that has transferred its leadership decides again.
    for _ in range(2):
        states = [
            DatabaseState(name, "is a learner")
            if name in learners
            else read_database(client, addresses[name])
            for name in ids
        ]
        step = defragment_step(me.name, states, limits, shutil.disk_usage(paths.data).free, commits)
        match step:
            case TransferLeadership(to):
                say(f"transferring leadership to {to} before this member defragments")
                etcdctl(paths, me.name, "move-leader", f"{ids[to]:x}")
            case Defragment():
                _defragment(paths, client, me)
                return
            case Postpone(reason):
                say(f"this member's database is fragmented, but defragmentation is postponed: {reason}")
                return
            case NotFragmented():
                return


def commits_per_second(client: TlsClient, member: MemberAddress) -> int:
    """The number of the cluster's commits within one second. Raises ``NoAnswerError`` or ``RefusedError``."""
    before = read_status(client, member).index
    time.sleep(1)
    return read_status(client, member).index - before


def read_database(client: TlsClient, member: MemberAddress) -> DatabaseState:
    """The state of one member's database. A member that defragments right now is unhealthy: it answers no read."""
    if not member.address:
        return DatabaseState(member.name, "its address is not known")
    try:
        status = read_status(client, member)
        problem = member_problem(client, member)
    except (NoAnswerError, RefusedError) as error:
        return DatabaseState(member.name, str(error))
    return DatabaseState(member.name, problem, status.leader == status.member, status.database, status.in_use)


def _defragment(paths: Paths, client: TlsClient, me: MemberAddress) -> None:
    before = read_status(client, me)
    etcdctl(paths, me.name, "defrag", timeout=DEFRAGMENT_TIMEOUT)
    after = read_status(client, me)
    say(f"defragmented the database from {before.database // MIB} MiB to {after.database // MIB} MiB")
    if after.database >= before.database:
        warn("the defragmentation freed nothing")
