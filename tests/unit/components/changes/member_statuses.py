"""The status of a member that runs some version, for tests of versions."""

from __future__ import annotations

from components.etcd.member_status import MemberStatus


def running(version: str = "3.6.14", cluster_version: str = "3.6.0") -> MemberStatus:
    """The status of a healthy member that runs ``version`` in a cluster of two."""
    return MemberStatus(
        *("c1", "m1", "m1"),
        learner=False,
        problem="",
        voters=frozenset("ab"),
        ids={"a": "m1", "b": "m2"},
        applied_index=100,
        version=version,
        cluster_version=cluster_version,
    )
