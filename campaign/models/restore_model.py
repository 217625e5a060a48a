"""A model of a bootstrap from a backup: a snapshot is chosen, fetched, decided on and restored.

The decisions are those of ``etcd_node``. The model adds a bucket that gets newer backups meanwhile, members that lose
power and forget what they have fetched, reports that are old when they are used, and decisions that arrive late. Two
things must never happen: members start with different snapshots, or a decision names a member without the snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

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

from campaign.models.members import NAMES, NAMES_OF

BACKUPS = tuple(f"backup-{number}" for number in range(1, 10))
NONE = ""

T = TypeVar("T")


class Limits(NamedTuple):
    """What keeps the number of states finite. The default is that of the exploration of three members."""

    runs: int = 2
    """How often a member boots at most, after its first boot."""
    backups: int = 2
    """How many backups the bucket has in the end."""


class State(NamedTuple):
    """A state of the model. The first member decides."""

    latest: int
    """The newest backup: an index of ``BACKUPS``."""
    run: tuple[int, ...]
    has: tuple[str, ...]
    """The snapshot that each member has fetched and verified in its present run."""
    reports: tuple[tuple[int, str] | None, ...]
    """The deciding member's second report on each member: run and snapshot."""
    decision: tuple[tuple[int, ...], str] | None
    """The last decision. It may arrive at any later time."""
    restored: tuple[str | None, ...]
    bad_decision: bool


def new_droplets(size: int) -> State:
    """Droplets with blank disks, and one backup."""
    return State(0, (0,) * size, (NONE,) * size, (None,) * size, None, (None,) * size, bad_decision=False)


@dataclass(frozen=True)
class Guards:
    """The rules in force. A test removes one of them."""

    rules: Sequence[Rule] = RULES
    own_snapshot: bool = True
    """Whether a member starts only on a decision that names the snapshot it has."""


EXHAUSTIVE = Limits()


def explore(guards: Guards) -> State | int:
    """Return a state of three members in which a forbidden thing has happened, or else the number of states."""
    known = {new_droplets(3)}
    frontier = list(known)
    while frontier:
        state = frontier.pop()
        if is_forbidden(state):
            return state
        for _, following in steps(state, guards):
            if following not in known:
                known.add(following)
                frontier.append(following)
    return len(known)


def is_forbidden(state: State) -> bool:
    """Whether members start with different snapshots, or a decision named a member without the snapshot."""
    return state.bad_decision or len({snapshot for snapshot in state.restored if snapshot is not None}) > 1


def steps(state: State, guards: Guards, limits: Limits = EXHAUSTIVE) -> Iterator[tuple[str, State]]:
    """Yield every step that is possible next, and the state after it. No two have the same text."""
    if state.latest + 1 < limits.backups:
        yield "the bucket gets a newer backup", state._replace(latest=state.latest + 1)
    for member in range(len(state.run)):
        if state.restored[member] is not None:
            continue
        name = NAMES[member]
        if state.run[member] < limits.runs:
            again = state._replace(
                run=_with(state.run, member, state.run[member] + 1), has=_with(state.has, member, NONE)
            )
            yield f"{name} boots again", _asked_nobody(again) if member == 0 else again
        proposed = (state.has[0] or BACKUPS[state.latest]) if member == 0 else state.has[0]
        if proposed and state.has[member] != proposed:
            yield f"{name} fetches {proposed}", state._replace(has=_with(state.has, member, proposed))
        if state.restored[0] is None and state.reports[member] is None:
            report = (state.run[member], state.has[member])
            yield (
                f"the deciding member asks {name}",
                state._replace(reports=_with(state.reports, member, report)),
            )
        if member and state.decision is not None:
            yield from _accepts(state, state.decision, member, guards)
    yield from _decides(state, guards)


def _decides(state: State, guards: Guards) -> Iterator[tuple[str, State]]:
    if None in state.reports or state.restored[0] is not None:
        return
    names = NAMES_OF[len(state.run)]
    reports = {
        name: PeerReport(PeerState.BLANK, str(report[0]), "cluster", "", report[1])
        for name, report in zip(names, state.reports, strict=True)
        if report is not None
    }
    observed = BootstrapObservations(
        "cluster", names, (), reports, reports, restores=True, snapshot=state.has[0]
    )
    outcome = decide(observed, guards.rules)
    again = _asked_nobody(state)
    if not isinstance(outcome, Decision):
        yield "the deciding member begins again", again
        return
    runs = tuple(int(outcome.instances[name]) for name in names)
    lacking = any(
        run == present and has != outcome.snapshot
        for run, present, has in zip(runs, state.run, state.has, strict=True)
    )
    decided = again._replace(
        decision=(runs, outcome.snapshot),
        restored=_with(state.restored, 0, outcome.snapshot),
        bad_decision=lacking,
    )
    yield "the deciding member decides, and starts", decided


def _accepts(
    state: State, latest: tuple[tuple[int, ...], str], member: int, guards: Guards
) -> Iterator[tuple[str, State]]:
    runs, snapshot = latest
    names = NAMES_OF[len(runs)]
    decision = Decision("cluster", dict(zip(names, map(str, runs), strict=True)), snapshot)
    if not names_this_run(decision, names[member], str(state.run[member])):
        return
    if names_own_snapshot(decision, state.has[member]) or not guards.own_snapshot:
        restored = _with(state.restored, member, state.has[member])
        yield f"{names[member]} hears of the decision, and starts", state._replace(restored=restored)


def _asked_nobody(state: State) -> State:
    return state._replace(reports=(None,) * len(state.reports))


def _with(values: tuple[T, ...], member: int, value: T) -> tuple[T, ...]:
    return (*values[:member], value, *values[member + 1 :])
