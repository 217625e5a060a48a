"""Markers: tags of the DigitalOcean account that no droplet carries. They tell the members what the program intends."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MEMBER_COUNTS = (1, 3, 5, 7, 9)
"""The numbers of members that a cluster may have."""


@dataclass(frozen=True)
class Markers:
    """The markers of one cluster."""

    up: bool
    """``NAME-up`` exists: the cluster is wanted. ``pulumi destroy`` deletes this tag before the first droplet."""
    size: int | None
    """N of ``NAME-size-N``, the number of members that are wanted. ``None`` while a run replaces this tag."""
    all_at_once: bool
    """``NAME-all-at-once`` exists: the operator set ``etcd:rollout`` to ``all-at-once``."""

    @property
    def unguarded(self) -> bool:
        """Whether every member allows its shutdown, whichever other members are unhealthy."""
        return self.all_at_once or not self.up

    def wants(self, number: int) -> bool:
        """Whether member ``number`` is wanted. ``False`` while that is unknown."""
        return self.up and self.size is not None and number <= self.size


def up_marker(cluster: str) -> str:
    """The tag that says that the cluster is wanted."""
    return f"{cluster}-up"


def size_marker(cluster: str, size: int) -> str:
    """The tag that says how many members are wanted."""
    return f"{cluster}-size-{size}"


def rollout_marker(cluster: str, rollout: str) -> str:
    """The tag that says how changes reach the members: ``one-at-a-time`` or ``all-at-once``."""
    return f"{cluster}-{rollout}"


def unlisted_markers(tags: Iterable[str], cluster: str) -> list[str]:
    """The markers that a cluster may have, but that are not among these tags."""
    names = {tag.casefold() for tag in tags}
    wanted = [up_marker(cluster), rollout_marker(cluster, "all-at-once")]
    if markers_in(names, cluster).size is None:
        wanted += [size_marker(cluster, size) for size in MEMBER_COUNTS]
    return [name for name in wanted if name.casefold() not in names]


def markers_in(tags: Iterable[str], cluster: str) -> Markers:
    """The markers of a cluster among all tags of the account."""
    # DigitalOcean compares tags without regard to case, and lists them with the capitals of their first use.
    names = {tag.casefold() for tag in tags}
    cluster = cluster.casefold()
    sizes = [re.fullmatch(rf"{re.escape(cluster)}-size-([1-9]\d*)", name) for name in names]
    return Markers(
        up=up_marker(cluster) in names,
        # The smallest: a second tag of somebody else must not bring a removed member back.
        size=min((int(size[1]) for size in sizes if size), default=None),
        all_at_once=rollout_marker(cluster, "all-at-once") in names,
    )
