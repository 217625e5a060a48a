"""Checks before this member sets its data aside and joins the cluster again with the data of the others."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus

from components.shared.health import LEARNER
from etcd_node.etcd.client import RefusedError, call
from etcd_node.etcd.health import problem_in
from etcd_node.etcd.membership import MemberList, is_foreign, is_self
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient
from etcd_node.host.hosts_file import read_members
from etcd_node.host.settings import Paths, Settings

HEALTH = "/health?exclude=CORRUPT"
"""etcd's health check, by a read from a quorum. The alarm about this member's data makes no other one unhealthy."""
HASH_TIMEOUT = 120.0
"""Seconds for a hash of another member's data."""
ROOM = 256
"""MiB that a member needs besides its database, for its log."""
LEASE = int.from_bytes(b"rejoin")
"""Id of the lease of etcd that a member takes before it sets its data aside, so that no other does so meanwhile."""
LEASE_SECONDS = 120
"""Length of the lease, to which the place of its owner in the sorted names is added."""


def rejoin_objection(settings: Settings, paths: Paths, confirmed: MemberList | None, free: int) -> str:
    """Return why this member must keep its data; empty when all others are healthy and have the same data.

    ``confirmed`` is the member list of a quorum, and ``free`` the room on this member's disk in MiB. Nobody may ever
    promote a learner that was added by hand, so its health does not matter.
    """
    if confirmed is None:
        return "no quorum answers, so this data may be needed"
    known = read_members(paths.hosts)
    names = sorted({settings.name, *known})
    others = [
        member
        for member in confirmed.members
        if not is_self(settings.name, member)
        and not (member.learner and (is_foreign(settings.name, member) or member.host not in names))
    ]
    voters = sum(not member.learner for member in confirmed.members)
    if 2 * sum(not member.learner for member in others) <= voters:
        return "without this member the others are no quorum"
    for member in others:
        if member.learner:
            return unhealthy(member.host, LEARNER)
    client = TlsClient(paths.etc)
    addresses = [MemberAddress(member.host, known.get(member.host, member.host)) for member in others]
    try:
        owner, seconds = _lease_owner(client, addresses[0], names, settings.name)
        if owner != settings.name:
            return f"{owner} has begun to rejoin, and one member after another may do so. Run this again in {seconds} s"
    except (NoAnswerError, RefusedError) as error:
        return unhealthy(addresses[0].name, error)
    if objection := _data_objection(client, addresses, free):
        with suppress(NoAnswerError, RefusedError):
            call(client, addresses[0], "/v3/lease/revoke", {"ID": str(LEASE)})
    return objection


def _lease_owner(
    client: TlsClient, member: MemberAddress, names: Sequence[str], name: str
) -> tuple[str, int]:
    """Take the lease, and return its owner, and for how many seconds it has the lease of another member.

    Under an alarm etcd grants no lease. Then two members may go on, and a quorum removes one after the other: the rest
    is a quorum each time, since a member sets its data aside only after that.
    """
    lease = {"ID": str(LEASE)}
    try:
        call(client, member, "/v3/lease/grant", {**lease, "TTL": str(LEASE_SECONDS + names.index(name))})
    except RefusedError as error:
        if "already exists" in str(error):
            found = call(client, member, "/v3/lease/timetolive", lease)
            length = int(found.get("grantedTTL", 0))
            owner = "".join(names[max(0, length - LEASE_SECONDS) :][:1]) or "another member"
            # It may have ended in between: then its time is -1, or missing.
            return owner, max(1, int(found.get("TTL", 0)))
    return name, 0


def _data_objection(client: TlsClient, others: Sequence[MemberAddress], free: int) -> str:
    name, needed, revision, hashes = "", 0, 1 << 62, set[str]()
    try:
        for address in others:
            name = address.name
            status = call(client, address, "/v3/maintenance/status", {})
            needed = max(needed, int(status.get("dbSize", 0)) // 1048576 + ROOM)
            revision = min(revision, int(status["header"].get("revision", 0)))
            if problem := problem_in(client.call_gateway(address, HEALTH, None)):
                return unhealthy(name, problem)
        for address in others:
            name = address.name
            # etcd itself compares its members' data like this. On the client port it asks for its root user.
            answer = client.request_peer(
                address, "GET", "/members/hashkv", {"revision": revision}, answer_timeout=HASH_TIMEOUT
            )
            if answer.status != HTTPStatus.OK:
                return unhealthy(name, answer.body.decode(errors="replace").strip())
            values = answer.json()
            hashes.add(f"{values.get('hash')} {values.get('compact_revision')}")
    except (NoAnswerError, RefusedError) as error:
        return unhealthy(name, error)
    if len(hashes) > 1:
        return "the others have different data, or compact it now: see docs/recovery.md, Different data"
    if free < needed:
        return f"the disk has {free} MiB free, and needs {needed}: set a larger etcd:volumeSize, and run pulumi up"
    return ""


def unhealthy(name: str, problem: object) -> str:
    """Return the objection because of another member's problem."""
    return f"{name} is not healthy, so this data may be needed ({problem})"
