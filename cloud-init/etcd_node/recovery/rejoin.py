"""Checks before this member gives up its data and joins the cluster again with the data of the others."""

from __future__ import annotations

from components.shared.health import LEARNER
from etcd_node.etcd.client import RefusedError, call
from etcd_node.etcd.health import problem_in
from etcd_node.etcd.membership import MemberList, is_self
from etcd_node.etcd.transport import MemberAddress, NoAnswerError, TlsClient
from etcd_node.host.hosts_file import read_members
from etcd_node.host.settings import Paths, Settings

HEALTH = "/health?exclude=CORRUPT"
"""etcd's health check, by a read from a quorum. The alarm about this member's data makes no other one unhealthy."""
HASH_TIMEOUT = 120.0
"""Seconds for a hash of another member's data."""
ROOM = 256
"""MiB that a member needs besides its database, for its log."""


def rejoin_objection(settings: Settings, paths: Paths, confirmed: MemberList | None, free: int) -> str:
    """Return why this member must keep its data; empty when all others are healthy and have the same data.

    ``confirmed`` is the member list of a quorum, and ``free`` the room on this member's disk in MiB.
    """
    if confirmed is None:
        return "no quorum answers, so this data may be needed"
    others = [member for member in confirmed.members if not is_self(settings.name, member)]
    if 2 * len(others) <= sum(not member.learner for member in confirmed.members):
        return "without this member the others are no quorum"
    client, known = TlsClient(paths.etc), read_members(paths.hosts)
    addresses = [MemberAddress(member.host, known.get(member.host, member.host)) for member in others]
    name, needed, revision, hashes = "", 0, 1 << 62, set[str]()
    try:
        for member, address in zip(others, addresses, strict=True):
            name = member.host
            status = call(client, address, "/v3/maintenance/status", {})
            needed = max(needed, int(status.get("dbSize", 0)) // 1048576 + ROOM)
            revision = min(revision, int(status["header"].get("revision", 0)))
            problem = LEARNER if member.learner else problem_in(client.call_gateway(address, HEALTH, None))
            if problem:
                return unhealthy(name, problem)
        for address in addresses:
            name = address.name
            answer = call(
                client, address, "/v3/maintenance/hashkv", {"revision": revision}, timeout=HASH_TIMEOUT
            )
            hashes.add(f"{answer.get('hash')} {answer.get('compact_revision')}")
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
