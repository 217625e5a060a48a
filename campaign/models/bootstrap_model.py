"""A model of three members and their disks, in which a test explores every reachable state.

The decisions are those of ``bootstrap_rules``. The model adds everything around them. The deciding member asks the
others one after the other, twice. Announcements arrive late or never. Members lose power at any moment, and sometimes
their disks. Raft is modelled as far as it matters here.

A disk is blank, or it has a log without a write (``EMPTY_BOOTSTRAP_LOG``), or a write that only its leader has
(``STRAY``), or an acknowledged write (``DATA``). Every bootstrap of one cluster gives the same member ids, so all logs
belong together. Any two running members elect a leader, and they prefer the one with the write. The write is
acknowledged when two disks have it. It is a violation when a quorum runs without the write while a disk still has it:
this quorum can elect a leader, so the write is lost and there are two clusters.

Runs of the script are distinguished only as far as any member remembers them: a remembered run is the present one, or
one that has ended. The two members that do not decide are interchangeable. Of two states that differ only in their
names, one is explored.
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
    may_be_set_aside,
    may_bootstrap,
    names_this_run,
)
from etcd_node.etcd.wal import Contents

MEMBERS = range(3)
NAMES = ("1", "2", "3")
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

    does: tuple[int, int, int]
    disk: tuple[int, int, int]
    first: tuple[int, int, int]
    """The deciding member's first report on each member."""
    second: tuple[int, int, int]
    announced: tuple[int, int, int]
    """Whether a decision that names this member's present run may still arrive. It may do so at any later time."""
    decided: bool
    """Whether any decision was ever made. It is kept only if members act on every decision."""
    acknowledged: bool
    thrown_away: bool
    """Whether the program itself has discarded an acknowledged write."""


NOTHING = (0, 0, 0)
BEFORE = State(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, False, False, False)
"""Three new droplets."""
HEALTHY = State((RUNNING,) * 3, (DATA,) * 3, NOTHING, NOTHING, NOTHING, False, True, False)
"""A cluster with a write. If there are fewer initial members, the others joined later."""


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
    """Return the shortest path from a start to a violation, or else all reachable states."""
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
    """Yield every step that is possible next, and the state after it."""
    for member in MEMBERS:
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
            others = [other for other in MEMBERS if other != member]
            if all(state.does[other] == RUNNING for other in others):
                best = max(state.disk[other] for other in others)
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
            yield (
                f"the deciding member asks {NAMES[member]}",
                state._replace(first=_with(state.first, member, report)),
            )
        return
    if guards.two_rounds and NOT_ASKED in state.second:
        for member, report in _possible_reports(state, state.second):
            second = _with(state.second, member, report)
            yield f"the deciding member asks {NAMES[member]} again", state._replace(second=second)
        return
    second = state.second if guards.two_rounds else state.first
    initial, later = NAMES[: guards.initial_members], NAMES[guards.initial_members :]
    outcome = decide(
        BootstrapObservations(TOKEN, initial, later, _round(state.first), _round(second)), guards.rules
    )
    again = state._replace(first=NOTHING, second=NOTHING)
    if isinstance(outcome, Decision):
        named = [member != DECIDING and outcome.instances.get(NAMES[member]) == "now" for member in MEMBERS]
        announced = tuple(int(old or new) for old, new in zip(state.announced, named, strict=True))
        does = _with(state.does, DECIDING, DECIDED)
        yield (
            "the deciding member decides",
            again._replace(does=does, announced=(0, announced[1], announced[2]), decided=not guards.own_run),
        )
    else:
        yield "the deciding member begins again", again


def _possible_reports(state: State, reports: Sequence[int]) -> Iterator[tuple[int, int]]:
    for member in MEMBERS:
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


def _round(reports: Sequence[int]) -> dict[str, PeerReport]:
    return {name: _REPORTS[report] for name, report in zip(NAMES, reports, strict=True)}


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
    """If a quorum runs, its leader writes. A write that two members have is acknowledged."""
    running = [member for member in MEMBERS if state.does[member] == RUNNING]
    if len(running) < 2:
        return
    if state.acknowledged and DATA not in state.disk:
        # Every disk that had the write is lost. The next write is independent of it.
        yield "a leader starts over", state._replace(acknowledged=False)
        return
    best = max(state.disk[member] for member in running)
    for leader in running:
        if state.disk[leader] != best or (best != DATA and state.acknowledged):
            continue
        if best != DATA:
            yield f"{NAMES[leader]} writes for itself alone", _written(state, leader, STRAY)
        for follower in running:
            if follower != leader and state.disk[follower] != DATA:
                both = _written(_written(state, leader, DATA), follower, DATA)
                yield f"{NAMES[leader]} writes to {NAMES[follower]}", both._replace(acknowledged=True)


def _runs(state: State, member: int, disk: int | None) -> State:
    started = state._replace(does=_with(state.does, member, RUNNING))
    return started if disk is None else _written(started, member, disk)


def _ends(state: State, member: int) -> State:
    """End a member's run of the script. Reports of it are from now on reports of an ended run."""
    past = state._replace(announced=_with(state.announced, member, 0))
    if member == DECIDING:
        return past._replace(first=NOTHING, second=NOTHING)
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


def _swapped(values: tuple[int, int, int]) -> tuple[int, int, int]:
    return values[0], values[2], values[1]


def _written(state: State, member: int, disk: int) -> State:
    return state._replace(disk=_with(state.disk, member, disk))


def _with(values: tuple[int, int, int], member: int, value: int) -> tuple[int, int, int]:
    if member == 0:
        return value, values[1], values[2]
    return (values[0], value, values[2]) if member == 1 else (values[0], values[1], value)


def _trace(state: State, came_from: dict[State, tuple[State, str] | None]) -> list[str]:
    steps_back: list[str] = []
    while (before := came_from[state]) is not None:
        state, step = before
        steps_back.append(step)
    return steps_back[::-1]
