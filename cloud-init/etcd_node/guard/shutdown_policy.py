"""Whether the cluster can spare this machine: the rules of its veto against a shutdown, as functions of what is seen.

Never more than one member is down by anybody's planned doing. A gate of the program asks before *it* changes a
member; drift, ``--replace``, a resumed run and a press in the provider's panel ask nobody, so each machine
refuses its own shutdown while another member is unhealthy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from etcd_node.digitalocean.markers import Markers


@dataclass(frozen=True)
class ShutdownFacts:
    """All that the decision is made of."""

    member: bool
    """Whether this machine has a member's data: a disk without any has nothing to lose."""
    removed: bool = False
    """Whether a quorum of the others lists the cluster without this member."""
    sick: Mapping[str, str] = field(default_factory=dict[str, str])
    """Other members that are unhealthy, each with what was last seen of it."""
    irreplaceable: bool = False
    """Whether it is the only member, with its data on the droplet's own disk."""
    markers: Markers | None = None
    """``None`` when the API has not said lately: an error is no answer."""


def needed(facts: ShutdownFacts) -> str | None:
    """Why the cluster cannot spare this member, if it cannot. Names no detail that changes from look to look."""
    if not facts.member:
        return None
    if facts.irreplaceable:
        return "this is the only member, and its data is on this droplet's own disk"
    if facts.sick:
        names = sorted(facts.sick)
        return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} unhealthy"
    return None


def released(facts: ShutdownFacts) -> str | None:
    """Why this machine may go whoever is unhealthy, if it may."""
    if facts.removed:
        return "this member was removed from the cluster"
    if facts.markers is None:
        return None
    if facts.markers.all_at_once:
        return "etcd:rollout is all-at-once"
    if not facts.markers.up:
        return "the cluster is being torn down"
    return None


def holds(facts: ShutdownFacts) -> str | None:
    """Why this machine must refuse its shutdown now; ``None`` when it need not."""
    return None if released(facts) else needed(facts)


def pause(trouble: float | None) -> float:
    """Seconds between two looks at the other members, after ``trouble`` seconds of it; ``None`` is none.

    Without trouble, a member that goes closes its connections, which ends the pause. In trouble the looks are quick:
    as soon as all are healthy, a gate may let this member go.
    """
    return 3.0 if trouble is None else 0.25


FIRST_QUESTION = 10.0
"""Seconds of trouble before the first question of a machine that has not seen itself healthy yet: in a founding and
after a reboot somebody is always still on the way."""


def first_question(settled: bool) -> float:
    """Seconds of trouble after which the markers are asked for: at once, in the life of a member."""
    return 0.0 if settled else FIRST_QUESTION


def pace(trouble: float, members: int) -> float:
    """Seconds between two questions about the markers, after ``trouble`` seconds of a need to ask.

    Quick at first, when a teardown is the likely cause. The API allows 250 requests a minute and 5,000 an hour for
    one token, so a cluster of more than three members, which all ask, asks more slowly.
    """
    base = 2.0 if trouble < 120 else 5.0 if trouble < 600 else 15.0
    return min(15.0, base * max(1.0, members / 3))


REPLACED = 120.0
"""Seconds of trouble in which the listing is asked as often as the markers: a member that comes back at another address
is found before it is healthy, and nobody waits for an address that is no more. Later the timer's refresh does it."""

PRESS_AGE = 600.0
"""Seconds after which a refused shutdown is forgotten."""

CLOCKS = 10.0
"""Seconds by which this machine's clock and the API's may differ."""


def oldest_press(held_since: float, now: float) -> float:
    """The Unix time from which on a shutdown counts as one that this machine has refused."""
    return max(held_since - CLOCKS, now - PRESS_AGE)
