"""Rules by which a machine blocks its own shutdown, as functions of what the guard knows.

At most one member is down on purpose. A gate of the program checks that before *it* changes a member. Drift,
``--replace``, a resumed run and a shutdown from the control panel pass no gate, so each machine blocks its own
shutdown while another member is unhealthy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.shared.markers import Markers


@dataclass(frozen=True)
class ShutdownFacts:
    """The facts on which the guard decides."""

    has_data: bool
    """Whether this machine has a member's data. An empty disk has nothing to lose."""
    removed: bool = False
    """Whether a quorum of the other members lists the cluster without this member."""
    unhealthy: Mapping[str, str] = field(default_factory=dict[str, str])
    """The other members that are unhealthy, and what is wrong with each."""
    irreplaceable: bool = False
    """Whether this is the only member, with its data on the droplet's own disk."""
    markers: Markers | None = None
    """The cluster's markers; ``None`` when the API has not answered lately. A failed request proves nothing."""


def reason_to_block(facts: ShutdownFacts) -> str | None:
    """Why the cluster needs this machine; ``None`` when it does not. Has no detail that changes between rounds."""
    if not facts.has_data:
        return None
    if facts.irreplaceable:
        return "this is the only member, and its data is on this droplet's own disk"
    if facts.unhealthy:
        names = sorted(facts.unhealthy)
        return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} unhealthy"
    return None


def reason_to_allow(facts: ShutdownFacts) -> str | None:
    """Why this machine may shut down even if other members are unhealthy; ``None`` when it may not."""
    if facts.removed:
        return "this member was removed from the cluster"
    if facts.markers is None:
        return None
    if facts.markers.all_at_once:
        return "etcd:rollout is all-at-once"
    if not facts.markers.up:
        return "the cluster is being destroyed"
    return None


def must_block(facts: ShutdownFacts) -> str | None:
    """Why this machine must block its shutdown now; ``None`` when it must not."""
    return None if reason_to_allow(facts) else reason_to_block(facts)


def observation_interval(*, needed: bool) -> float:
    """Seconds between two observations of the other members. ``needed``: the cluster needs this machine.

    While it does not, a member that goes down closes its connections, which starts the next observation. While it
    does, observations are frequent: as soon as all members are healthy, a gate may shut this member down.
    """
    return 0.25 if needed else 3.0


FIRST_MARKERS_DELAY = 10.0
"""Seconds before a machine that has not been healthy since it booted reads the markers.

During a bootstrap and after a reboot, other members are still starting.
"""


def markers_delay(settled: bool) -> float:
    """Seconds for which the cluster must have needed this machine before it reads the markers.

    ``settled``: this machine's etcd has been healthy since the guard started.
    """
    return 0.0 if settled else FIRST_MARKERS_DELAY


def poll_interval(seconds: float, members: int) -> float:
    """Seconds between two requests for the markers, when the cluster has needed this machine for ``seconds``.

    Short at first, when a destroy is the likely cause. The API allows 250 requests a minute and 5,000 an hour for
    one token, and all members send them, so the interval grows with a cluster of more than three members.
    """
    base = 2.0 if seconds < 120 else 5.0 if seconds < 600 else 15.0
    return min(15.0, base * max(1.0, members / 3))


LISTING_TIME = 120.0
"""Seconds for which the droplets are listed as often as the markers are read.

So a member that has a new address is found before it is healthy. After that time ``etcd-reconcile`` finds it.
"""

LONGEST_DEFERRAL = 600.0
"""Seconds after which a blocked shutdown request is forgotten."""


def oldest_request(blocked_since: float, now: float) -> float:
    """The Unix time from which on a shutdown request counts as one that this machine has blocked."""
    return max(blocked_since, now - LONGEST_DEFERRAL)
