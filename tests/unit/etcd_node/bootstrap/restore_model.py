"""A founding from a backup, explored state by state: which snapshot is chosen, fetched, decided on and restored.

The decisions are those of ``etcd_node``. The model adds a bucket that gets a newer backup meanwhile, members that
lose power and forget what they have fetched, looks that are old when they are acted on, and decisions that arrive late.
Two things must never happen: members start with different snapshots, or a decision is made that names a member that
has not the snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from etcd_node.bootstrap.bootstrap_rules import (
    RULES,
    BootstrapObservations,
    Decision,
    Kind,
    Report,
    Rule,
    decide,
    names_own_snapshot,
    names_this_run,
)

NAMES = ("1", "2", "3")
NONE, OLD, NEW = "", "old", "new"
RUNS = 2
"""How often a member boots, at most, besides the first time."""


class State(NamedTuple):
    """The first member decides."""

    latest: str
    run: tuple[int, int, int]
    has: tuple[str, str, str]
    """What each has fetched and verified in its present run."""
    seen: tuple[tuple[int, str] | None, ...]
    """The decider's second look at each: run and snapshot."""
    decision: tuple[tuple[int, int, int], str] | None
    """The last one that was made, which is under way for ever."""
    restored: tuple[str | None, str | None, str | None]
    bad_decision: bool


BEFORE = State(OLD, (0, 0, 0), (NONE,) * 3, (None,) * 3, None, (None,) * 3, bad_decision=False)


@dataclass(frozen=True)
class Guards:
    """The rules in force; a test removes one."""

    rules: Sequence[Rule] = RULES
    own_snapshot: bool = True
    """A member starts only on a decision that names the snapshot it has."""


def explore(guards: Guards) -> State | int:
    """A state in which something happened that must not, or how many states there are without one."""
    known = {BEFORE}
    frontier = [BEFORE]
    while frontier:
        state = frontier.pop()
        if state.bad_decision or len({one for one in state.restored if one is not None}) > 1:
            return state
        for found in steps(state, guards):
            if found not in known:
                known.add(found)
                frontier.append(found)
    return len(known)


def steps(state: State, guards: Guards) -> Iterator[State]:
    """Everything that can happen next."""
    yield state._replace(latest=NEW)
    for member in range(3):
        if state.restored[member] is not None:
            continue
        if state.run[member] < RUNS:
            again = state._replace(
                run=_with(state.run, member, state.run[member] + 1), has=_with(state.has, member, NONE)
            )
            yield again._replace(seen=(None,) * 3) if member == 0 else again
        proposed = (state.has[0] or state.latest) if member == 0 else state.has[0]
        if proposed and state.has[member] != proposed:
            yield state._replace(has=_with(state.has, member, proposed))
        if state.restored[0] is None and state.seen[member] is None:
            look = (state.run[member], state.has[member])
            yield state._replace(seen=_with(state.seen, member, look))
        if member and state.decision is not None:
            yield from _accepts(state, member, guards)
    yield from _decides(state, guards)


def _decides(state: State, guards: Guards) -> Iterator[State]:
    if None in state.seen or state.restored[0] is not None:
        return
    reports = {
        name: Report(Kind.BLANK, str(look[0]), "cluster", "", look[1])
        for name, look in zip(NAMES, state.seen, strict=True)
        if look is not None
    }
    sight = BootstrapObservations(
        "cluster", NAMES, (), reports, reports, restores=True, snapshot=state.has[0]
    )
    outcome = decide(sight, guards.rules)
    again = state._replace(seen=(None,) * 3)
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
