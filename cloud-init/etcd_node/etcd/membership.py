"""Rules about etcd's member list: how a member without data joins, and which cluster a list belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from components.shared.names import listed_name, same_cluster
from etcd_node.host.etcd_environment import peer_url
from etcd_node.host.settings import Settings


@dataclass(frozen=True)
class ListedMember:
    """One member in etcd's member list."""

    id: int
    name: str
    """The member's name. Empty until the member has started for the first time."""
    peer_urls: tuple[str, ...]
    learner: bool

    @property
    def host(self) -> str:
        """The member's name, taken from its peer URL before it has started."""
        return listed_name(self.name, self.peer_urls)


@dataclass(frozen=True)
class MemberList:
    """A member list that a quorum confirmed."""

    cluster: int
    """The id of the cluster."""
    members: tuple[ListedMember, ...]


@dataclass(frozen=True)
class Remove:
    """Remove the list's entry of this member, whose data is lost."""

    member: int


@dataclass(frozen=True)
class Add:
    """Add this member."""

    learner: bool = True
    """Whether it is added as a learner."""


@dataclass(frozen=True)
class Wait:
    """Wait, and try again."""

    reason: str


def rejoin_step(name: str, confirmed: MemberList) -> Remove | Add | Wait:
    """Return the next step of a member without data.

    An entry with its name or peer URL is removed, even if it never started. It may have voted for or acknowledged
    something that is lost with its data, so its id must not be used again.

    etcd allows one learner. If that is one that was added by hand, nobody may ever promote it. Then this member joins
    as a voter at once.
    """
    for member in confirmed.members:
        if is_self(name, member):
            if len(confirmed.members) == 1:
                return Wait("the cluster has no other member")
            return Remove(member.id)
    learners = [member for member in confirmed.members if member.learner]
    if all(is_foreign(name, member) for member in learners) and len(confirmed.members) - len(learners) > 1:
        # The voters keep their quorum if this one never starts. etcd adds a voter only while all others are connected.
        return Add(learner=not learners)
    if learners:
        names = " and ".join(member.host for member in learners)
        return Wait(
            f"{names} must become a voter first, since one learner joins at a time. If it was added by hand: "
            f"etcdctl member remove {learners[0].id:x}"
        )
    return Add()


def is_self(name: str, member: ListedMember) -> bool:
    """Whether an entry of the list is the member with this name."""
    return member.name == name or peer_url(name) in member.peer_urls


def is_foreign(name: str, member: ListedMember) -> bool:
    """Whether an entry of the list cannot be a member that the program made, by the name of one that it made."""
    return not same_cluster(name, member.host)


def initial_cluster(name: str, confirmed: MemberList) -> dict[str, str]:
    """Return names and peer URLs for ``ETCD_INITIAL_CLUSTER``, when the list has the member ``name``.

    etcd demands exactly the URLs in the list of the cluster that it joins. The names only have to differ. Members that
    were added by hand may have the same name, and several URLs.
    """
    cluster: dict[str, str] = {}
    for member in confirmed.members:
        key = name if is_self(name, member) else member.host
        if is_foreign(name, member):
            key = f"{member.id:x}"
        cluster[key] = f",{key}=".join(member.peer_urls)
    return cluster


def bootstrap_cluster_id(settings: Settings) -> int:
    """Return the id of the cluster that the initial members bootstrap with this token.

    etcd derives it from peer URLs and token (server/etcdserver/api/membership: ``computeMemberID``, ``genID``).
    """
    members = sorted(
        _digest(f"{peer_url(name)}{settings.token}".encode()) for name in settings.initial_members
    )
    return int.from_bytes(_digest(b"".join(members)))


def cluster_name(settings: Settings, cluster: int) -> str:
    """Return the cluster's name in backups: the token, and after a recovery the cluster's id as well.

    Every member knows both, even one that joined after the recovery and does not know of it.
    """
    return settings.token if cluster == bootstrap_cluster_id(settings) else f"{settings.token}-{cluster:016x}"


def _digest(content: bytes) -> bytes:
    return hashlib.sha1(content, usedforsecurity=False).digest()[:8]


def was_removed(member: int, cluster: int, confirmed: MemberList) -> bool:
    """Whether a quorum of the cluster with this id lists its members without this member."""
    return confirmed.cluster == cluster and all(listed.id != member for listed in confirmed.members)


def unconnected(own: int, members: Sequence[ListedMember], active: frozenset[int]) -> list[str]:
    """Return the names of the members to which etcd has no connection."""
    return [member.host for member in members if member.id != own and member.id not in active]
