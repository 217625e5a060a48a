"""Give the space of deleted and compacted keys back to the disk, one member at a time and the leader last.

While etcd defragments, its member answers no reads and applies no writes, for about a second per 100 MiB that is in
use (https://etcd.io/docs/v3.6/op-guide/maintenance/#defragmentation). So members take turns, in an order that all
of them know: by name, the leader last. Nobody has to write down whose turn it is, since a member that had its turn
shows by the size of its database. A member that leads hands leadership on before it begins.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from .gateway import Cluster, NoQuorumError, RefusedError, call, status_of
from .hosts import members_in
from .journal import say, warn
from .settings import Places, Settings
from .transport import Member, NoAnswerError, Wire

MIB = 1 << 20

LONGEST = 900.0
"""Seconds for one defragmentation; etcd itself has no limit."""

READ = {"key": "aGVhbHRo", "limit": 1}
"""A linearizable read, of the key that etcd's own health check reads."""


@dataclass(frozen=True)
class Sighting:
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


@dataclass(frozen=True)
class Nothing:
    """This member's database is not fragmented."""


@dataclass(frozen=True)
class Later:
    """It is, but now is not the time."""

    reason: str


@dataclass(frozen=True)
class HandOn:
    """Make this member the leader, and look again."""

    to: str


@dataclass(frozen=True)
class Defragment:
    """Do it."""


def fragmented(member: Sighting, limits: Limits) -> bool:
    """Whether so much of a member's file is free that it is worth it."""
    free = member.size - member.in_use
    return free >= limits.bytes and free * 100 >= member.size * limits.percent


def next_step(
    me: str, members: Sequence[Sighting], limits: Limits, room: int
) -> Nothing | Later | HandOn | Defragment:
    """What a member does about its database. ``room`` is what its disk has free, in bytes."""
    own = next(member for member in members if member.name == me)
    if not own.problem and not fragmented(own, limits):
        return Nothing()
    for member in members:
        if member.problem:
            return Later(f"{member.name}: {member.problem}")
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
    if own.leads and len(members) > 1:
        return HandOn(in_turn(members)[0].name)
    return Defragment()


def in_turn(members: Sequence[Sighting]) -> list[Sighting]:
    """The members in the order of their turns."""
    return sorted(members, key=lambda member: (member.leads, member.name))


def defragment(settings: Settings, places: Places) -> None:
    """One look, and what follows from it. Raises ``NoAnswerError`` or ``RefusedError`` when etcd does not do it."""
    wire = Wire(places.etc)
    known = members_in(places.hosts.read_text() if places.hosts.exists() else "")
    limits = Limits(settings.defragment_bytes, settings.defragment_percent)
    me = Member(settings.name, known.get(settings.name, settings.listen))
    try:
        roll = Cluster(wire, [me]).roll()
    except NoQuorumError as error:
        say(f"not now: {error}")
        return
    ids = {member.host: member.id for member in roll.members}
    learners = {member.host for member in roll.members if member.learner}
    if me.name not in ids:
        return
    where = {name: me if name == me.name else Member(name, known.get(name, "")) for name in ids}
    # Twice at most: a leader that has handed its leadership on looks again.
    for _ in range(2):
        sightings = [
            Sighting(name, "is a learner") if name in learners else look(wire, where[name]) for name in ids
        ]
        step = next_step(me.name, sightings, limits, shutil.disk_usage(places.data).free)
        match step:
            case HandOn(to):
                say(f"handing leadership on to {to} before this member's database is defragmented")
                call(wire, me, "/v3/maintenance/transfer-leadership", {"targetID": str(ids[to])})
            case Defragment():
                _defragment(wire, me)
                return
            case Later(reason):
                say(f"this member's database is fragmented; not now: {reason}")
                return
            case Nothing():
                return


def look(wire: Wire, member: Member) -> Sighting:
    """One member's state, and whether it answers a linearizable read, which it does not while it defragments."""
    if not member.address:
        return Sighting(member.name, "its address is not known")
    try:
        status = status_of(wire, member)
        call(wire, member, "/v3/kv/range", READ)
    except (NoAnswerError, RefusedError) as error:
        return Sighting(member.name, str(error))
    problem = ", ".join(status.errors) if status.leader else "no leader"
    return Sighting(member.name, problem, status.leader == status.member, status.database, status.in_use)


def _defragment(wire: Wire, me: Member) -> None:
    before = status_of(wire, me)
    call(wire, me, "/v3/maintenance/defragment", {}, patience=LONGEST)
    after = status_of(wire, me)
    say(
        f"defragmented: the database had {before.database // MIB} MiB, and has {after.database // MIB} MiB now"
    )
    if after.database >= before.database:
        warn("defragmentation has given nothing back")
