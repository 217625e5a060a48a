"""Whether the members of a cluster are healthy, by their observations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ..shared.health import LEARNER
from .member_status import Cause, MemberStatus, NoStatus, Observation


def problems(names: Sequence[str], observations: Mapping[str, Observation]) -> dict[str, str]:
    """The problem of each named member that is not healthy; empty when all are.

    A healthy member passes etcd's own health check. That is all that members ask each other. The program asks more,
    because it sees all members at once: a healthy member votes in the same cluster and follows the same leader as the
    others, and it lists every named member that answers as a started voter.
    """
    answered = {name: status for name, status in observations.items() if isinstance(status, MemberStatus)}
    common = Counter((status.cluster_id, status.leader) for status in answered.values()).most_common(1)
    found: dict[str, str] = {}
    for name in names:
        status = observations[name]
        if isinstance(status, NoStatus):
            found[name] = status.reason
        elif problem := _problem(status, common[0][0], [name for name in names if name in answered]):
            found[name] = problem
    return found


def _problem(status: MemberStatus, common: tuple[str, str], names: Sequence[str]) -> str:
    if status.problem:
        return status.problem
    if status.learner:
        return LEARNER
    if status.leader == "0":
        return "it has no leader"
    if status.cluster_id != common[0]:
        return f"it is in cluster {status.cluster_id}, and the others are in {common[0]}"
    if status.leader != common[1]:
        return f"it follows leader {status.leader}, and the others follow {common[1]}"
    if missing := sorted(set(names) - status.voters):
        as_ = "a started voting member" if len(missing) == 1 else "started voting members"
        return f"it does not list {', '.join(missing)} as {as_}"
    return ""


def listed_names(observations: Mapping[str, Observation]) -> frozenset[str]:
    """Names of all members that are in the list of any member that answered."""
    return frozenset(
        name
        for status in observations.values()
        if isinstance(status, MemberStatus)
        for name in status.ids
        if name
    )


def unreachable(observations: Mapping[str, Observation]) -> bool:
    """Whether at least one member has an address, and none has sent anything back."""
    asked = [
        status
        for status in observations.values()
        if not (isinstance(status, NoStatus) and status.cause in {Cause.NO_DROPLET, Cause.UNTAGGED})
    ]
    return bool(asked) and all(
        isinstance(status, NoStatus) and status.cause is Cause.SILENT for status in asked
    )
