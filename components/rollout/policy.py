"""What a run may do to which member next: decisions that depend on observed facts alone.

Nothing here waits, asks or changes anything. The model in campaign/models explores these functions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from ..etcd.health import listed_names, problems
from ..etcd.member_status import MemberStatus, Observation
from ..shared.names import by_number


def waits_for_gate(member: str, existing: Collection[str], rollout: str) -> bool:
    """Whether the droplet of ``member`` may change only after its gate.

    A member without a droplet need not wait: the others do without it already, and their gates wait for it. Nobody
    waits when ``rollout`` is ``all-at-once``.
    """
    return member in existing and rollout != "all-at-once"


def joining_members(configured: Iterable[str], existing: Collection[str]) -> list[str]:
    """The configured members that this run creates, because they have no droplet."""
    return [name for name in configured if name not in existing]


def unrecorded_members(
    configured: Collection[str], made: Iterable[str], recorded: Collection[str]
) -> list[str]:
    """The members to leave that no last gate knows: those that an interrupted run made, and that are not wanted now.

    ``made`` are all members that have a droplet, or that the state has. ``recorded`` are those of the last gate.
    """
    return sorted({*made} - {*configured} - {*recorded}, key=by_number)


def other_members(
    member: str, configured: Iterable[str], observations: Mapping[str, Observation]
) -> list[str]:
    """The members that must be healthy before ``member`` changes: the configured ones, and those etcd lists."""
    return sorted({*configured, *listed_names(observations)} - {member})


def not_joined(staying: Collection[str], observations: Mapping[str, Observation]) -> list[str]:
    """The members to leave that have a droplet, but are not in the cluster. They may join at any moment."""
    return sorted({*observations} - {*staying} - listed_names(observations), key=by_number)


def only_unhealthy(names: Iterable[str], observations: Mapping[str, Observation]) -> str | None:
    """The unhealthy one of the named members; ``None`` when all are healthy, or more than one is not."""
    unhealthy = list(problems(sorted(set(names)), observations))
    return unhealthy[0] if len(unhealthy) == 1 else None


def member_to_repair(configured: Collection[str], observations: Mapping[str, Observation]) -> str | None:
    """The member that an unguarded run lets change first: a configured one that alone is unhealthy."""
    member = only_unhealthy({*configured, *listed_names(observations)}, observations)
    return member if member in configured else None


def waits_for_others(member: str, to_repair: str | None) -> bool:
    """Whether an unguarded run changes ``member`` only while all others are healthy.

    The member to repair does not wait. It may be unhealthy because of the very thing that this run changes.
    """
    return member != to_repair


def answering(observations: Mapping[str, Observation]) -> list[str]:
    """Names of the members that answered."""
    return sorted(name for name, status in observations.items() if isinstance(status, MemberStatus))


def has_majority(observations: Mapping[str, Observation]) -> bool:
    """Whether most of the members that etcd lists are healthy."""
    names = sorted(listed_names(observations))
    healthy = len(names) - len(problems(names, observations))
    return 2 * healthy > len(names)


def next_to_leave(
    names: Iterable[str], staying: Sequence[str], observations: Mapping[str, Observation]
) -> str | None:
    """The next of the cluster's members that leaves it; ``None`` when all of ``names`` stay.

    An unhealthy one leaves first, because the cluster tolerates more failures without it. Then the one with the
    highest number leaves.
    """
    unhealthy = problems(sorted(names), observations)
    leaving = [name for name in names if name not in staying]
    return max(leaving, key=lambda name: (name in unhealthy, by_number(name)), default=None)
