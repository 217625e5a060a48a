"""A model of a bootstrap from a backup: a snapshot is chosen, fetched, decided on and restored.

The decisions are those of ``etcd_node``. The model adds a bucket that gets a newer backup meanwhile, members that lose
power and forget what they have fetched, reports that are old when they are used, and decisions that arrive late. Two
things must never happen: members start with different snapshots, or a decision names a member without the snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from etcd_node.bootstrap.bootstrap_rules import (
    RULES,
    BootstrapObservations,
    Decision,
    PeerReport,
    PeerState,
    Rule,
    decide,
    names_own_snapshot,
    names_this_run,
)

NAMES = ("1", "2", "3")
NONE, OLD, NEW = "", "old", "new"
RUNS = 2
"""How often a member boots at most, after its first boot."""


class State(NamedTuple):
    """A state of the model. The first member decides."""

    latest: str
    run: tuple[int, int, int]
    has: tuple[str, str, str]
    """The snapshot that each member has fetched and verified in its present run."""
    reports: tuple[tuple[int, str] | None, ...]
    """The deciding member's second report on each member: run and snapshot."""
    decision: tuple[tuple[int, int, int], str] | None
    """The last decision. It may arrive at any later time."""
    restored: tuple[str | None, str | None, str | None]
    bad_decision: bool


BEFORE = State(OLD, (0, 0, 0), (NONE,) * 3, (None,) * 3, None, (None,) * 3, bad_decision=False)


@dataclass(frozen=True)
class Guards:
    """The rules in force. A test removes one of them."""

    rules: Sequence[Rule] = RULES
    own_snapshot: bool = True
    """Whether a member starts only on a decision that names the snapshot it has."""


def explore(guards: Guards) -> State | int:
    """Return a state in which a forbidden thing has happened, or else the number of states."""
    known = {BEFORE}
    frontier = [BEFORE]
    while frontier:
        state = frontier.pop()
        if state.bad_decision or len({snapshot for snapshot in state.restored if snapshot is not None}) > 1:
            return state
        for following in steps(state, guards):
            if following not in known:
                known.add(following)
                frontier.append(following)
    return len(known)


def steps(state: State, guards: Guards) -> Iterator[State]:
    """Yield every state that can follow."""
    yield state._replace(latest=NEW)
    for member in range(3):
        if state.restored[member] is not None:
            continue
        if state.run[member] < RUNS:
            again = state._replace(
                run=_with(state.run, member, state.run[member] + 1), has=_with(state.has, member, NONE)
            )
            yield again._replace(reports=(None,) * 3) if member == 0 else again
        proposed = (state.has[0] or state.latest) if member == 0 else state.has[0]
        if proposed and state.has[member] != proposed:
            yield state._replace(has=_with(state.has, member, proposed))
        if state.restored[0] is None and state.reports[member] is None:
            report = (state.run[member], state.has[member])
            yield state._replace(reports=_with(state.reports, member, report))
        if member and state.decision is not None:
            yield from _accepts(state, member, guards)
    yield from _decides(state, guards)


def _decides(state: State, guards: Guards) -> Iterator[State]:
    if None in state.reports or state.restored[0] is not None:
        return
    reports = {
        name: PeerReport(PeerState.BLANK, str(report[0]), "cluster", "", report[1])
        for name, report in zip(NAMES, state.reports, strict=True)
        if report is not None
    }
    observed = BootstrapObservations(
        "cluster", NAMES, (), reports, reports, restores=True, snapshot=state.has[0]
    )
    outcome = decide(observed, guards.rules)
    again = state._replace(reports=(None,) * 3)
    if not isinstance(outcome, Decision):
        yield again
        return
    runs = (int(outcome.instances["1"]), int(outcome.instances["2"]), int(outcome.instances["3"]))
    lacking = any(
        runs[member] == state.run[member] and state.has[member] != outcome.snapshot for member in range(3)
    )
    yield again._replace(
        decision=(runs, outcome.snapshot),
        restored=_with(state.restored, 0, outcome.snapshot),
        bad_decision=lacking,
    )


def _accepts(state: State, member: int, guards: Guards) -> Iterator[State]:
    assert state.decision is not None
    runs, snapshot = state.decision
    decision = Decision("cluster", dict(zip(NAMES, map(str, runs), strict=True)), snapshot)
    if not names_this_run(decision, NAMES[member], str(state.run[member])):
        return
    if names_own_snapshot(decision, state.has[member]) or not guards.own_snapshot:
        yield state._replace(restored=_with(state.restored, member, state.has[member]))


def _with(values: tuple, member: int, value: object) -> tuple:  # type: ignore[type-arg]
    return (*values[:member], value, *values[member + 1 :])
