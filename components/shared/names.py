"""Names of members, and the label of their data volumes."""

from __future__ import annotations

import re
from collections.abc import Sequence

MEMBER_NAME = re.compile(r"etcd-server-[1-9]\d*\..+")
"""Every member has a name of this form."""

VOLUME_LABEL = "etcd-data"
"""The label of a data volume's file system. ext4 allows 16 bytes."""


def member_name(number: int, domain: str) -> str:
    """The name of a member, counted from 1. Its droplet's hostname and its DNS record have the same name."""
    return f"etcd-server-{number}.{domain}"


def member_number(name: str) -> int:
    """The N of ``etcd-server-N.<domain>``."""
    return int(re.findall(r"\d+", name.partition(".")[0])[-1])


def by_number(name: str) -> tuple[int, str]:
    """A key that sorts the names of one domain by number. A longer name has a higher number."""
    return len(name), name


def same_cluster(name: str, other: str) -> bool:
    """Whether two names can be those of members of one cluster, because they differ in their numbers alone."""
    return re.sub(r"\d", "", name) == re.sub(r"\d", "", other)


def listed_name(name: str, peer_urls: Sequence[str]) -> str:
    """The name of an entry in etcd's member list. A member that never started has it in its peer URL alone."""
    return name or (peer_urls[0].split("//")[-1].rsplit(":", 1)[0] if peer_urls else "")
