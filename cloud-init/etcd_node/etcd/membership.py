"""What a member without data does about a cluster that runs: the rules, as functions of the member list."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from etcd_node.host.etcd_environment import peer_url
from etcd_node.host.settings import Settings


@dataclass(frozen=True)
class ListedMember:
    """One entry of etcd's member list."""

    id: int
    name: str
    """Empty until the member has started for the first time."""
    peer_urls: tuple[str, ...]
    learner: bool

    @property
    def host(self) -> str:
        """The member's name, also before it has started."""
        return self.name or (self.peer_urls[0].split("//")[-1].rsplit(":", 1)[0] if self.peer_urls else "")


@dataclass(frozen=True)
class MemberList:
    """A member list that a quorum has confirmed."""

    cluster: int
    members: tuple[ListedMember, ...]


@dataclass(frozen=True)
class Remove:
    """Take this member's old self off the list."""

    member: int


@dataclass(frozen=True)
class Add:
    """Enter this member as a learner."""


@dataclass(frozen=True)
class Wait:
    """Try again later."""

    reason: str


def rejoin_step(name: str, confirmed: MemberList) -> Remove | Add | Wait:
    """The next step of a member that has no data.

    An entry with its name or its peer URL is an old self, whether it ever started or not: it may have voted or
    acknowledged what this disk no longer holds, so it is removed and never used again.
    """
    for member in confirmed.members:
        if is_self(name, member):
            if len(confirmed.members) == 1:
                return Wait("the cluster has no other member")
            return Remove(member.id)
    learners = [member.host for member in confirmed.members if member.learner]
    if learners:
        return Wait(f"{' and '.join(learners)} must catch up first: one learner at a time")
    return Add()


def is_self(name: str, member: ListedMember) -> bool:
    """Whether an entry of the list is about the member of that name."""
    return member.name == name or peer_url(name) in member.peer_urls


def initial_cluster(name: str, confirmed: MemberList) -> dict[str, str]:
    """Names and peer URLs for ``ETCD_INITIAL_CLUSTER``, once ``name`` is on the list.

    etcd compares them with the list of the cluster that it joins, and wants exactly the same URLs.
    """
    return {
        name if is_self(name, member) else member.host: ",".join(member.peer_urls[:1])
        for member in confirmed.members
    }


def bootstrap_cluster_id(settings: Settings) -> int:
    """The id of the cluster that the founding members make with this token.

    etcd makes it of their peer URLs and the token (server/etcdserver/api/membership: ``computeMemberID``, ``genID``).
    """
    members = sorted(
        _digest(f"{peer_url(name)}{settings.token}".encode()) for name in settings.initial_members
    )
    return int.from_bytes(_digest(b"".join(members)))


def cluster_name(settings: Settings, cluster: int) -> str:
    """What backups call a cluster: by the droplets' token, and its id as well when it comes from a recovery.

    Every member knows both, also one that joined the recovered cluster and was never told of the recovery.
    """
    return settings.token if cluster == bootstrap_cluster_id(settings) else f"{settings.token}-{cluster:016x}"


def _digest(content: bytes) -> bytes:
    return hashlib.sha1(content, usedforsecurity=False).digest()[:8]


def was_removed(member: int, cluster: int, confirmed: MemberList) -> bool:
    """Whether the quorum of the very cluster that a disk belongs to says that its member was removed."""
    return confirmed.cluster == cluster and all(listed.id != member for listed in confirmed.members)


def unconnected(own: int, members: Sequence[ListedMember], active: frozenset[int]) -> list[str]:
    """Names of the members that etcd has no connection to."""
    return [member.host for member in members if member.id != own and member.id not in active]
