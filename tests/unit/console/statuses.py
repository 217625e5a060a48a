"""What healthy members tell of themselves."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from components.etcd.member_status import MemberStatus


def healthy_status(number: int, names: Collection[str], **differing: Any) -> MemberStatus:
    """The status of a member of this number. The first one leads."""
    values: dict[str, Any] = {
        "cluster_id": "7",
        "member_id": str(number),
        "leader": "1",
        "learner": False,
        "problem": "",
        "voters": frozenset(names),
        "ids": {name: str(at) for at, name in enumerate(names, start=1)},
        "version": "3.6.16",
    }
    return MemberStatus(**values | differing)
