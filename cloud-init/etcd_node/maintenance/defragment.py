"""Give the space of deleted and compacted keys back to the disk, one member at a time and the leader last.

While etcd defragments, its member answers no reads and applies no writes, for about a second per 100 MiB that is in
use (https://etcd.io/docs/v3.6/op-guide/maintenance/#defragmentation). So members take turns, in an order that all
of them know: by name, the leader last. Nobody has to write down whose turn it is, since a member that had its turn
shows by the size of its database.

Raft goes on meanwhile: the member saves and acknowledges entries, and one that leads goes on leading and committing
(etcd ``server/etcdserver/raft.go``: only what is committed waits, in the scheduler of ``server.go``). Writes through
the member wait for its end, and none fails while they wait for less than etcd's time limit and while fewer commits
wait than it allows (``v3_server.go``). Where more is to be expected, members wait until their space is needed. A leader
stays, since handing leadership on drops the proposals that are under way.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass

from etcd_node.etcd.client import ClusterClient, NoQuorumError, RefusedError, call, read_status
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient
from etcd_node.host.hosts_file import read_members
from etcd_node.host.journal import say, warn
from etcd_node.host.settings import Paths, Settings

MIB = 1 << 20

LONGEST = 900.0
"""Seconds for one defragmentation; etcd itself has no limit."""

SPEED = 50 * MIB
"""Bytes in use that are copied in a second, on a busy disk: half of what etcd's documentation says."""

STALL = 4.0
"""Seconds that writes may be expected to wait. etcd gives one up after 5 s and two election timeouts."""

BACKLOG = 2500
"""Commits that may be expected meanwhile: half of those (5000) after which etcd refuses writes."""

READ = {"key": "aGVhbHRo", "limit": 1}
"""A linearizable read, of the key that etcd's own health check reads."""


@dataclass(frozen=True)
class DatabaseState:
    """What one member says at this moment."""

    name: str
    problem: str = ""
    """Why it is not healthy; empty when it is. Without health the rest means nothing."""
    leads: bool = False
    size: int = 0
    """Bytes of the database file."""
    in_use: int = 0
    """Bytes of it that hold something."""


@dataclass(frozen=True)
class Limits:
    """When defragmentation is worth its stall."""

    bytes: int
    """The least number of bytes to be given back."""
    percent: int
    """Their least share of the file."""
    quota: int
    """Bytes of a file at which etcd refuses writes. From three quarters of it on, the space is needed."""


@dataclass(frozen=True)
class Nothing:
    """This member's database is not fragmented."""


@dataclass(frozen=True)
class Later:
    """It is, but now is not the time."""

    reason: str


@dataclass(frozen=True)
class TransferLeadership:
    """Make this member the leader, and look again."""

    to: str


@dataclass(frozen=True)
class Defragment:
    """Do it."""


def fragmented(member: DatabaseState, limits: Limits) -> bool:
    """Whether so much of a member's file is free that it is worth it."""
    free = member.size - member.in_use
    return free >= limits.bytes and free * 100 >= member.size * limits.percent


def next_step(
    me: str, members: Sequence[DatabaseState], limits: Limits, room: int, commits: int
) -> Nothing | Later | TransferLeadership | Defragment:
    """What a member does about its database.

    ``room`` is what its disk has free, in bytes, and ``commits`` is what the cluster commits in a second.
    """
    own = next(member for member in members if member.name == me)
    if not own.problem and not fragmented(own, limits):
        return Nothing()
    for member in members:
        if member.problem:
            return Later(f"{member.name}: {member.problem}")
    # What all members have decides, so that none waits for the turn of one that puts it off.
    stall = max(member.in_use for member in members) / SPEED
    needed = any(member.size * 4 >= limits.quota * 3 for member in members)
    if stall > STALL and not needed:
        return Later(f"writes would wait for {stall:.0f} s, and no database has three quarters of the quota")
    if stall * commits > BACKLOG and not needed:
        return Later(f"{commits} writes a second are more than can wait for {stall:.1f} s")
    for member in in_turn(members):
        if member.name == me:
            break
        if fragmented(member, limits):
            return Later(f"it is the turn of {member.name}")
    # etcd writes the new file beside the old one.
    if room < own.in_use + own.in_use // 4:
        return Later(
            f"{own.in_use // MIB} MiB and a quarter more must be free on its disk, and {room // MIB} are"
        )
    if stall > STALL and own.leads and len(members) > 1:
        return TransferLeadership(in_turn(members)[0].name)
    return Defragment()


def in_turn(members: Sequence[DatabaseState]) -> list[DatabaseState]:
    """The members in the order of their turns."""
    return sorted(members, key=lambda member: (member.leads, member.name))


def defragment(settings: Settings, places: Paths) -> None:
    """One look, and what follows from it. Raises ``NoAnswerError`` or ``RefusedError`` when etcd does not do it."""
    client = TlsClient(places.etc)
    known = read_members(places.hosts)
    limits = Limits(settings.defragment_bytes, settings.defragment_percent, settings.quota_bytes)
    me = MemberAddress(settings.name, known.get(settings.name, settings.listen))
    try:
        confirmed = ClusterClient(client, [me]).list_members()
        commits = commits_in_a_second(client, me)
    except (NoQuorumError, NoAnswerError, RefusedError) as error:
        say(f"not now: {error}")
        return
    ids = {member.host: member.id for member in confirmed.members}
    learners = {member.host for member in confirmed.members if member.learner}
    if me.name not in ids:
        return
    where = {name: me if name == me.name else MemberAddress(name, known.get(name, "")) for name in ids}
    # Twice at most: a leader that has handed its leadership on looks again.
    for _ in range(2):
        sightings = [
            DatabaseState(name, "is a learner") if name in learners else look(client, where[name])
            for name in ids
        ]
        step = next_step(me.name, sightings, limits, shutil.disk_usage(places.data).free, commits)
        match step:
            case TransferLeadership(to):
                say(f"handing leadership on to {to} before this member's database is defragmented")
                call(client, me, "/v3/maintenance/transfer-leadership", {"targetID": str(ids[to])})
            case Defragment():
                _defragment(client, me)
                return
            case Later(reason):
                say(f"this member's database is fragmented; not now: {reason}")
                return
            case Nothing():
                return


def commits_in_a_second(client: TlsClient, member: MemberAddress) -> int:
    """What the cluster commits, as one member sees it. Raises ``NoAnswerError`` or ``RefusedError``."""
    before = read_status(client, member).index
    time.sleep(1)
    return read_status(client, member).index - before


def look(client: TlsClient, member: MemberAddress) -> DatabaseState:
    """One member's state, and whether it answers a linearizable read, which it does not while it defragments."""
    if not member.address:
        return DatabaseState(member.name, "its address is not known")
    try:
        status = read_status(client, member)
        call(client, member, "/v3/kv/range", READ)
    except (NoAnswerError, RefusedError) as error:
        return DatabaseState(member.name, str(error))
    problem = ", ".join(status.errors) if status.leader else "no leader"
    return DatabaseState(member.name, problem, status.leader == status.member, status.database, status.in_use)


def _defragment(client: TlsClient, me: MemberAddress) -> None:
    before = read_status(client, me)
    call(client, me, "/v3/maintenance/defragment", {}, timeout=LONGEST)
    after = read_status(client, me)
    say(
        f"defragmented: the database had {before.database // MIB} MiB, and has {after.database // MIB} MiB now"
    )
    if after.database >= before.database:
        warn("defragmentation has given nothing back")
