"""A model of members and their disks. A test explores every state that three members can reach.

The decisions are those of ``bootstrap_rules``. The model adds everything around them. The deciding member asks the
others one after the other, twice. Announcements arrive late or never. Members lose power at any moment, and sometimes
their disks. Raft is modelled as far as it matters here.

A disk is blank, or it has a log without a write (``EMPTY_BOOTSTRAP_LOG``), or a write that only its leader has
(``STRAY``), or an acknowledged write (``DATA``). Every bootstrap of one cluster gives the same member ids, so all logs
belong together. Any quorum of running members elects a leader, and prefers one with the write. The write is
acknowledged when a quorum of disks has it. It is a violation when a quorum runs without it while a disk still has it:
this quorum can elect a leader, so the write is lost and there are two clusters.

Runs of the script are distinguished only as far as any member remembers them: a remembered run is the present one, or
one that has ended. Of three members, the two that do not decide are interchangeable. Of two states that differ only in
their names, one is explored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from etcd_node.bootstrap.bootstrap_rules import (
    RULES,
    BootstrapObservations,
    Decision,
    PeerReport,
    PeerState,
    Rule,
    decide,
    may_be_set_aside,
    may_bootstrap,
    names_this_run,
)
from etcd_node.etcd.wal import Contents

from campaign.models.members import NAMES, NAMES_OF

DECIDING = 0
TOKEN, OTHER_TOKEN = "cluster", "another cluster"

OFF, SCRIPT, DECIDED, RUNNING = range(4)
"""What a member does: nothing, the script, waiting to start ``new``, or etcd."""
BLANK, EMPTY_BOOTSTRAP_LOG, STRAY, DATA = range(4)
"""What its disk holds."""
CONTENTS = (Contents.BLANK, Contents.EMPTY_BOOTSTRAP_LOG, Contents.DATA, Contents.DATA)

NOT_ASKED, NOW, ENDED, ENDED_LATER, ELSE, SILENT, IMPOSTOR = range(7)
"""The report on one member: none yet; blank in its present run; blank in a run that has ended; blank in a run that
began after the first round and has ended; running; silent; or another cluster's member answered at its address."""


class State(NamedTuple):
    """A state of the model, small enough that hundreds of thousands can be explored."""

    does: tuple[int, ...]
    disk: tuple[int, ...]
    first: tuple[int, ...]
    """The deciding member's first report on each member."""
    second: tuple[int, ...]
    announced: tuple[int, ...]
    """Whether a decision that names this member's present run may still arrive. It may do so at any later time."""
    decided: bool
    """Whether any decision was ever made. It is kept only if members act on every decision."""
    acknowledged: bool
    thrown_away: bool
    """Whether the program itself has discarded an acknowledged write."""


def new_droplets(size: int) -> State:
    """Droplets with blank disks."""
    nothing = (0,) * size
    return State(nothing, nothing, nothing, nothing, nothing, False, False, False)


def healthy_cluster(size: int) -> State:
    """A cluster with a write. If there are fewer initial members, the others joined later."""
    nothing = (0,) * size
    return State((RUNNING,) * size, (DATA,) * size, nothing, nothing, nothing, False, True, False)


@dataclass(frozen=True)
class Guards:
    """The rules in force. A test removes one of them."""

    initial_members: int = 3
    """The number of initial members. The others only join."""
    rules: Sequence[Rule] = RULES
    two_rounds: bool = True
    """Whether the second round begins after the first is complete."""
    own_run: bool = True
    """Whether a member starts only on a decision that names its present run."""
    disk_decides: bool = True
    """Whether a disk with data takes no part in a bootstrap."""
    only_empty_logs_discarded: bool = True
    """Whether only a log without any write is set aside."""


class Violation(NamedTuple):
    """The steps that lost the write."""

    trace: list[str]


def explore(guards: Guards, *starts: State) -> Violation | frozenset[State]:
    """Explore all states of three members.

    Return the shortest path from a start to a violation, or else all reachable states."""
    came_from: dict[State, tuple[State, str] | None] = dict.fromkeys(starts)
    frontier = list(starts)
    while frontier:
        following: list[State] = []
        for state in frontier:
            for step, after in steps(state, guards):
                reached = min(after, _mirrored(after))
                if reached in came_from:
                    continue
                came_from[reached] = (state, step)
                if is_lost(reached, guards):
                    return Violation(_trace(reached, came_from))
                following.append(reached)
        frontier = following
    return frozenset(came_from)


def is_lost(state: State, guards: Guards) -> bool:
    """Whether a quorum of initial members runs without the acknowledged write while a disk still has it."""
    if state.thrown_away:
        return True
    if not state.acknowledged or DATA not in state.disk:
        return False
    empty = sum(
        state.does[member] == RUNNING and state.disk[member] != DATA
        for member in range(guards.initial_members)
    )
    return empty > guards.initial_members // 2


def steps(state: State, guards: Guards) -> Iterator[tuple[str, State]]:
    """Yield every step that is possible next, and the state after it. No two have the same text."""
    size = len(state.does)
    for member in range(size):
        name = NAMES[member]
        if state.does[member] != OFF:
            yield f"{name} loses power", _ends(state, member)._replace(does=_with(state.does, member, OFF))
        if state.does[member] == OFF:
            yield f"{name} boots", _boots(state, member, guards)
            if state.disk[member] != BLANK:
                yield f"{name} loses its disk", _written(state, member, BLANK)
        if state.does[member] == DECIDED:
            yield (
                f"{name} starts new",
                _runs(state, member, EMPTY_BOOTSTRAP_LOG if state.disk[member] == BLANK else None),
            )
        throws_away = may_be_set_aside(CONTENTS[state.disk[member]]) or not guards.only_empty_logs_discarded
        if state.does[member] == RUNNING and throws_away:
            # It had no leader for long enough, and has read its log.
            lost = state.acknowledged and state.disk[member] == DATA
            without_log = state._replace(does=_with(state.does, member, SCRIPT), thrown_away=lost)
            yield f"{name} sets its log aside", _written(without_log, member, BLANK)
        if state.does[member] == SCRIPT:
            yield from _accepts(state, member, guards)
            running = [state.disk[other] for other in range(size) if state.does[other] == RUNNING]
            if 2 * len(running) > size:
                best = max(running)
                yield f"{name} rejoins", _runs(_ends(state, member), member, best)
    if state.does[DECIDING] == SCRIPT:
        yield from _decides(state, guards)
    yield from _writes(state)


def _boots(state: State, member: int, guards: Guards) -> State:
    if may_bootstrap(CONTENTS[state.disk[member]]) or not guards.disk_decides:
        return state._replace(does=_with(state.does, member, SCRIPT))
    return state._replace(does=_with(state.does, member, RUNNING))


def _decides(state: State, guards: Guards) -> Iterator[tuple[str, State]]:
    """The deciding member asks one member, or it has asked all of them twice and decides."""
    if NOT_ASKED in state.first:
        for member, report in _possible_reports(state, state.first):
            first = _with(state.first, member, report)
            yield f"the deciding member asks {NAMES[member]}: {_TEXTS[report]}", state._replace(first=first)
        return
    if guards.two_rounds and NOT_ASKED in state.second:
        for member, report in _possible_reports(state, state.second):
            second = _with(state.second, member, report)
            text = f"the deciding member asks {NAMES[member]} again: {_TEXTS[report]}"
            yield text, state._replace(second=second)
        return
    second = state.second if guards.two_rounds else state.first
    names = NAMES_OF[len(state.does)]
    initial, later = names[: guards.initial_members], names[guards.initial_members :]
    outcome = decide(
        BootstrapObservations(TOKEN, initial, later, _round(state.first), _round(second)), guards.rules
    )
    nothing = (0,) * len(names)
    again = state._replace(first=nothing, second=nothing)
    if isinstance(outcome, Decision):
        named = [name != NAMES[DECIDING] and outcome.instances.get(name) == "now" for name in names]
        announced = tuple(int(old or new) for old, new in zip(state.announced, named, strict=True))
        does = _with(state.does, DECIDING, DECIDED)
        yield (
            "the deciding member decides",
            again._replace(does=does, announced=_with(announced, DECIDING, 0), decided=not guards.own_run),
        )
    else:
        yield "the deciding member begins again", again


def _possible_reports(state: State, reports: Sequence[int]) -> Iterator[tuple[int, int]]:
    for member in range(len(reports)):
        if reports[member] != NOT_ASKED:
            continue
        if member == DECIDING:
            yield member, NOW
            continue
        yield member, SILENT
        yield member, IMPOSTOR
        if state.does[member] == SCRIPT:
            yield member, NOW
        elif state.does[member] != OFF:
            yield member, ELSE


_REPORTS = {
    NOW: PeerReport(PeerState.BLANK, "now", TOKEN),
    ENDED: PeerReport(PeerState.BLANK, "ended", TOKEN),
    ENDED_LATER: PeerReport(PeerState.BLANK, "ended later", TOKEN),
    ELSE: PeerReport(PeerState.RUNNING),
    SILENT: PeerReport(PeerState.SILENT),
    IMPOSTOR: PeerReport(PeerState.BLANK, "impostor", OTHER_TOKEN),
}


_TEXTS = {
    NOW: "it has no data",
    ELSE: "it runs etcd, or is about to",
    SILENT: "it does not answer",
    IMPOSTOR: "another cluster's member answers",
}


def _round(reports: Sequence[int]) -> dict[str, PeerReport]:
    return {name: _REPORTS[report] for name, report in zip(NAMES_OF[len(reports)], reports, strict=True)}


def _accepts(state: State, member: int, guards: Guards) -> Iterator[tuple[str, State]]:
    name = NAMES[member]
    heard = Decision(TOKEN, {name: "now" if state.announced[member] else "ended"})
    under_way = state.announced[member] or state.decided
    if (
        under_way
        and member < guards.initial_members
        and (names_this_run(heard, name, "now") or not guards.own_run)
    ):
        decided = _ends(state, member)
        yield f"{name} hears of a decision", decided._replace(does=_with(decided.does, member, DECIDED))


def _writes(state: State) -> Iterator[tuple[str, State]]:
    """If a quorum runs, its leader writes. A write that a quorum of members has is acknowledged."""
    size = len(state.does)
    running = [member for member in range(size) if state.does[member] == RUNNING]
    if 2 * len(running) <= size:
        return
    if state.acknowledged and DATA not in state.disk:
        # Every disk that had the write is lost. The next write is independent of it.
        yield "a leader starts over", state._replace(acknowledged=False)
        return
    best = max(state.disk[member] for member in running)
    for leader in running:
        if state.disk[leader] != best or (best != DATA and state.acknowledged):
            continue
        others = [member for member in running if member != leader]
        if best != DATA:
            yield f"{NAMES[leader]} writes for itself alone", _written(state, leader, STRAY)
        # What a quorum has already, the leader copies to one member after the other.
        for followers in combinations(others, 1 if best == DATA else size // 2):
            if any(state.disk[follower] != DATA for follower in followers):
                written = _written(state, leader, DATA)
                for follower in followers:
                    written = _written(written, follower, DATA)
                text = f"{NAMES[leader]} writes to {' and '.join(NAMES[follower] for follower in followers)}"
                yield text, written._replace(acknowledged=True)


def _runs(state: State, member: int, disk: int | None) -> State:
    started = state._replace(does=_with(state.does, member, RUNNING))
    return started if disk is None else _written(started, member, disk)


def _ends(state: State, member: int) -> State:
    """End a member's run of the script. Reports of it are from now on reports of an ended run."""
    past = state._replace(announced=_with(state.announced, member, 0))
    if member == DECIDING:
        nothing = (0,) * len(state.does)
        return past._replace(first=nothing, second=nothing)
    first, second = state.first, state.second
    if second[member] == NOW:
        second = _with(second, member, ENDED if first[member] == NOW else ENDED_LATER)
    if first[member] == NOW:
        first = _with(first, member, ENDED)
    return past._replace(first=first, second=second)


def _mirrored(state: State) -> State:
    """Return the state with the names of the two members exchanged that do not decide."""
    return State(
        _swapped(state.does),
        _swapped(state.disk),
        _swapped(state.first),
        _swapped(state.second),
        _swapped(state.announced),
        state.decided,
        state.acknowledged,
        state.thrown_away,
    )


def _swapped(values: tuple[int, ...]) -> tuple[int, ...]:
    return values[0], values[2], values[1]


def _written(state: State, member: int, disk: int) -> State:
    return state._replace(disk=_with(state.disk, member, disk))


def _with(values: tuple[int, ...], member: int, value: int) -> tuple[int, ...]:
    changed = list(values)
    changed[member] = value
    return tuple(changed)


def _trace(state: State, came_from: dict[State, tuple[State, str] | None]) -> list[str]:
    steps_back: list[str] = []
    while (before := came_from[state]) is not None:
        state, step = before
        steps_back.append(step)
    return steps_back[::-1]
