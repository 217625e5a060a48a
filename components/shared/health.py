"""What etcd's health check says (https://etcd.io/docs/v3.6/op-guide/monitoring/#health-check)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LEARNER = "it is a learner that has not been promoted yet"
"""The problem of a healthy member that does not vote yet."""


def not_connected(member: int) -> str:
    """The problem of a voter that the program did not make, while no connection to it shows that it runs."""
    return (
        "it was added by hand and votes, and etcd has no connection to it. If nobody needs it: etcdctl member remove "
        f"{member:x}"
    )


def health_problem(answer: Mapping[str, Any]) -> str:
    """The problem that an answer to ``GET /health`` reports; empty when there is none.

    etcd reads a key first, linearizably. So a healthy member has a leader and a quorum, and no alarm is raised.
    Raises ``KeyError`` or ``TypeError`` for an answer of another form.
    """
    if answer["health"] == "true":
        return ""
    return f"etcd reports that it is not healthy: {answer.get('reason') or 'no reason given'}"
