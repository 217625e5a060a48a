"""Judges which members the program took down: never two at once, and none while another one is unhealthy.

Both are promises of docs/safety.md. What a fault took down does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from campaign.history.problem import Problem

CHECK = "shutdowns"

UNHEALTHY_SECONDS = 20.0
"""How long a member must have been silent before it counts: gates and guards look every few seconds, and another member
may fail in the moment after that."""

SLACK = 3.0
"""Seconds between a fault and the moment in which the observer sees its effect."""


@dataclass(frozen=True)
class Observation:
    """What the observer saw from a moment on."""

    at: float
    """Seconds of the monotonic clock."""

    expected: frozenset[str]
    """The members that should be up."""

    answering: frozenset[str]
    """Those whose etcd answers as a voter."""

    running: frozenset[str]
    """Those whose machine is on."""


@dataclass(frozen=True)
class Span:
    """Some seconds of the monotonic clock."""

    begin: float
    end: float

    def has(self, moment: float) -> bool:
        """Whether a moment is in it."""
        return self.begin <= moment <= self.end


@dataclass(frozen=True)
class Off:
    """A member whose machine is off for a while."""

    member: str
    begin: float
    end: float


def shutdown_problems(
    observations: Sequence[Observation],
    by_faults: Iterable[tuple[str, Span]],
    allowed: Sequence[Span],
) -> list[Problem]:
    """Return what the program did that it promises not to do.

    ``by_faults`` are the members and times in which a fault may have switched a machine off. In the ``allowed`` times
    the operator asked for a change all at once, or for the end of the cluster.
    """
    excused = list(by_faults)
    ours = [
        off
        for off in _offs(observations)
        if not any(name == off.member and span.has(off.begin) for name, span in excused)
        and not any(span.has(off.begin) for span in allowed)
    ]
    return [*_together(ours), *_while_unhealthy(ours, observations)]


def down_problems(observations: Sequence[Observation], disturbed: Sequence[Span]) -> list[Problem]:
    """Return the moments in which two members did not answer, although no fault had come since all of them did.

    ``disturbed`` are the times in which faults come, or the operator takes all members down.
    """
    found: list[Problem] = []
    calm = False
    before = float("-inf")
    for one in observations:
        down = one.expected - one.answering
        if any(span.begin <= one.at and before <= span.end for span in disturbed):
            calm = False
        elif not down:
            calm = True
        if calm and len(down) > 1:
            found.append(Problem(CHECK, f"{' and '.join(sorted(down))} were down at once, without a fault"))
        before = one.at
    return found


def _together(ours: Sequence[Off]) -> list[Problem]:
    return [
        Problem(
            CHECK, f"{second.member} went off while {first.member} was off: both by a run, without a fault"
        )
        for first in ours
        for second in ours
        if first.member != second.member and first.begin <= second.begin < first.end
    ]


def _while_unhealthy(ours: Sequence[Off], observations: Sequence[Observation]) -> list[Problem]:
    return [
        Problem(
            CHECK,
            f"{off.member} went off by a run, while {other} had not answered for {UNHEALTHY_SECONDS:.0f} s or more",
        )
        for off in ours
        for other in _silent(observations, off)
    ]


def _silent(observations: Sequence[Observation], off: Off) -> list[str]:
    """The other members that were expected, and did not answer at any moment before a machine went off."""
    begin = off.begin - UNHEALTHY_SECONDS
    before = [one for one in observations if one.at <= begin][-1:]
    during = [one for one in observations if begin < one.at <= off.begin]
    seen = [*before, *during]
    if not before:
        return []
    answered = frozenset[str]().union(*(one.answering for one in seen))
    return [
        name
        for name in sorted(seen[0].expected - answered - {off.member})
        if all(name in one.expected for one in seen)
    ]


def _offs(observations: Sequence[Observation]) -> list[Off]:
    """The times in which expected members had no running machine, after they had one."""
    found: list[Off] = []
    since: dict[str, float] = {}
    ran: set[str] = set()
    for one in observations:
        found += [Off(name, since.pop(name), one.at) for name in sorted(one.running & since.keys())]
        for name in sorted((one.expected & ran) - one.running - since.keys()):
            since[name] = one.at
        ran |= one.running
    return [*found, *(Off(name, begin, float("inf")) for name, begin in since.items())]
