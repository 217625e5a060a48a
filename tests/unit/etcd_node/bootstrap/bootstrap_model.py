"""All that can happen to three members and their disks, explored state by state.

The decisions are those of ``bootstrap_rules``; the model adds what surrounds them: a deciding member that
looks at the others one after the other, twice; announcements that arrive late or never; members that lose power at
any moment, with their disks or without; and Raft, as far as it matters here.

A disk holds nothing, a log without a write (``EMPTY_BOOTSTRAP_LOG``), what a leader wrote that nobody else has
(``STRAY``), or an acknowledged write (``DATA``). Every founding of one cluster gives the same member ids, so all their
logs belong together: a leader is elected by any two running members, and one that has the write is elected before one
that has not. The write is acknowledged once two disks have it. When a quorum that runs without it can elect a leader
while a disk still holds it, the write is lost, and there are two clusters: a violation.

Runs of the script are told apart only as far as anyone remembers them: what is remembered of a member is its present
run, or one that has ended. The two members that do not decide are alike, so of two states that differ in their names
alone one is explored.
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
    may_be_set_aside,
    may_bootstrap,
    names_this_run,
)
from etcd_node.etcd.wal import Contents

MEMBERS = range(3)
NAMES = ("1", "2", "3")
DECIDER = 0
TOKEN, OTHER_TOKEN = "cluster", "another cluster"

OFF, SCRIPT, DECIDED, RUNNING = range(4)
"""What a member does: nothing, the script, waiting to start ``new``, or etcd."""
BLANK, EMPTY_BOOTSTRAP_LOG, STRAY, DATA = range(4)
"""What its disk holds."""
CONTENTS = (Contents.BLANK, Contents.EMPTY_BOOTSTRAP_LOG, Contents.DATA, Contents.DATA)

UNSEEN, NOW, ENDED, ENDED_LATER, ELSE, SILENT, IMPOSTOR = range(7)
"""One look at a member: not yet; blank in its present run, in one that has ended, or in one that has ended and began
after the first look; running; silent; or somebody of another cluster answered at its address."""


class State(NamedTuple):
    """Everything that matters, small enough to be explored by the hundred thousand."""

    does: tuple[int, int, int]
    disk: tuple[int, int, int]
    first: tuple[int, int, int]
    """The decider's first look at each member."""
    second: tuple[int, int, int]
    announced: tuple[int, int, int]
    """Whether a decision is under way, for ever, that names this member's present run."""
    decided: bool
    """Whether there has been any decision; kept only where members act on any."""
    acknowledged: bool
    thrown_away: bool
    """The program itself has discarded an acknowledged write."""


NOTHING = (0, 0, 0)
BEFORE = State(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, False, False, False)
"""Three new droplets."""
FOUNDED = State((RUNNING,) * 3, (DATA,) * 3, NOTHING, NOTHING, NOTHING, False, True, False)
"""A cluster with a write. With fewer founders, one that the others joined later."""


@dataclass(frozen=True)
class Guards:
    """The rules in force; a test removes one."""

    founders: int = 3
    """How many of the members found the cluster; the others only join."""
    rules: Sequence[Rule] = RULES
    two_rounds: bool = True
    """The second look begins after the first is complete."""
    own_run: bool = True
    """A member starts only on a decision that names its present run."""
    disk_decides: bool = True
    """A disk with data takes no part in a founding."""
    embryo_by_log: bool = True
    """Only a log without any write is thrown away."""


class Violation(NamedTuple):
    """How the write was lost."""

    trace: list[str]


def explore(guards: Guards, *starts: State) -> Violation | frozenset[State]:
    """The shortest way from one of the starts to a violation, or all states when there is none."""
    came_from: dict[State, tuple[State, str] | None] = dict.fromkeys(starts)
    frontier = list(starts)
    while frontier:
        following: list[State] = []
        for state in frontier:
            for step, found in steps(state, guards):
                reached = min(found, _mirrored(found))
                if reached in came_from:
                    continue
                came_from[reached] = (state, step)
                if is_lost(reached, guards):
                    return Violation(_trace(reached, came_from))
                following.append(reached)
        frontier = following
    return frozenset(came_from)


def is_lost(state: State, guards: Guards) -> bool:
    """Whether a quorum of founders runs without the acknowledged write while a disk still has it."""
    if state.thrown_away:
        return True
    if not state.acknowledged or DATA not in state.disk:
        return False
    empty = sum(
        state.does[member] == RUNNING and state.disk[member] != DATA for member in range(guards.founders)
    )
    return empty > guards.founders // 2


def steps(state: State, guards: Guards) -> Iterator[tuple[str, State]]:
    """Everything that can happen next."""
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
        throws_away = may_be_set_aside(CONTENTS[state.disk[member]]) or not guards.embryo_by_log
        if state.does[member] == RUNNING and throws_away:
            # It has found no leader for long enough, and has looked at its log.
            lost = state.acknowledged and state.disk[member] == DATA
            given_up = state._replace(does=_with(state.does, member, SCRIPT), thrown_away=lost)
            yield f"{name} gives its founding up", _written(given_up, member, BLANK)
        if state.does[member] == SCRIPT:
            yield from _accepts(state, member, guards)
            others = [other for other in MEMBERS if other != member]
            if all(state.does[other] == RUNNING for other in others):
                best = max(state.disk[other] for other in others)
                yield f"{name} rejoins", _runs(_ends(state, member), member, best)
    if state.does[DECIDER] == SCRIPT:
        yield from _decides(state, guards)
    yield from _writes(state)


def _boots(state: State, member: int, guards: Guards) -> State:
    if may_bootstrap(CONTENTS[state.disk[member]]) or not guards.disk_decides:
        return state._replace(does=_with(state.does, member, SCRIPT))
    return state._replace(does=_with(state.does, member, RUNNING))


def _decides(state: State, guards: Guards) -> Iterator[tuple[str, State]]:
    """The decider looks at one member, or has seen all of them twice and decides."""
    if UNSEEN in state.first:
        for member, look in _looks(state, state.first):
            yield f"the decider sees {NAMES[member]}", state._replace(first=_with(state.first, member, look))
        return
    if guards.two_rounds and UNSEEN in state.second:
        for member, look in _looks(state, state.second):
            seen = _with(state.second, member, look)
            yield f"the decider sees {NAMES[member]} again", state._replace(second=seen)
        return
    second = state.second if guards.two_rounds else state.first
    founding, others = NAMES[: guards.founders], NAMES[guards.founders :]
    outcome = decide(
        BootstrapObservations(TOKEN, founding, others, _reports(state.first), _reports(second)), guards.rules
    )
    again = state._replace(first=NOTHING, second=NOTHING)
    if isinstance(outcome, Decision):
        named = [member != DECIDER and outcome.instances.get(NAMES[member]) == "now" for member in MEMBERS]
        announced = tuple(int(old or new) for old, new in zip(state.announced, named, strict=True))
        does = _with(state.does, DECIDER, DECIDED)
        yield (
            "the decider decides",
            again._replace(does=does, announced=(0, announced[1], announced[2]), decided=not guards.own_run),
        )
    else:
        yield "the decider begins to look again", again


def _looks(state: State, looks: Sequence[int]) -> Iterator[tuple[int, int]]:
    for member in MEMBERS:
        if looks[member] != UNSEEN:
            continue
        if member == DECIDER:
            yield member, NOW
            continue
        yield member, SILENT
        yield member, IMPOSTOR
        if state.does[member] == SCRIPT:
            yield member, NOW
        elif state.does[member] != OFF:
            yield member, ELSE


_REPORTS = {
    NOW: Report(Kind.BLANK, "now", TOKEN),
    ENDED: Report(Kind.BLANK, "ended", TOKEN),
    ENDED_LATER: Report(Kind.BLANK, "ended later", TOKEN),
    ELSE: Report(Kind.RUNNING),
    SILENT: Report(Kind.SILENT),
    IMPOSTOR: Report(Kind.BLANK, "impostor", OTHER_TOKEN),
}


def _reports(looks: Sequence[int]) -> dict[str, Report]:
    return {name: _REPORTS[look] for name, look in zip(NAMES, looks, strict=True)}


def _accepts(state: State, member: int, guards: Guards) -> Iterator[tuple[str, State]]:
    name = NAMES[member]
    heard = Decision(TOKEN, {name: "now" if state.announced[member] else "ended"})
    under_way = state.announced[member] or state.decided
    if under_way and member < guards.founders and (names_this_run(heard, name, "now") or not guards.own_run):
        decided = _ends(state, member)
        yield f"{name} hears of a decision", decided._replace(does=_with(decided.does, member, DECIDED))


def _writes(state: State) -> Iterator[tuple[str, State]]:
    """A quorum runs: its leader writes, and what two members have is acknowledged."""
    running = [member for member in MEMBERS if state.does[member] == RUNNING]
    if len(running) < 2:
        return
    if state.acknowledged and DATA not in state.disk:
        # Lost with every disk that had it: what follows is a new story.
        yield "a leader begins anew", state._replace(acknowledged=False)
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
    """This run of the script is over: whatever is remembered of it is about the past."""
    past = state._replace(announced=_with(state.announced, member, 0))
    if member == DECIDER:
        return past._replace(first=NOTHING, second=NOTHING)
    first, second = state.first, state.second
    if second[member] == NOW:
        second = _with(second, member, ENDED if first[member] == NOW else ENDED_LATER)
    if first[member] == NOW:
        first = _with(first, member, ENDED)
    return past._replace(first=first, second=second)


def _mirrored(state: State) -> State:
    """The same with the names of the two members exchanged that do not decide."""
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
