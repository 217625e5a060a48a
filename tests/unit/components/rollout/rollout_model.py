"""Every state that rolling changes can reach, explored over the program's and the node's own decisions.

Three members with data volumes. A run is what the engine does with the program's resources: it takes the members
in order, each by its gate, its droplet's shutdown, deletion and creation; what did not exist when it began is
created at any moment of it. Beside it, at any moment: the run is killed, a member falls sick or gets well, a droplet
drifts or is deleted outside, a machine finishes its boot. Between two runs the configuration may change.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import NamedTuple

from etcd_node.guard.shutdown_policy import ShutdownFacts, must_block

from components.etcd.health import problems
from components.etcd.member_status import MemberStatus, NoStatus, Observation
from components.rollout.policy import other_members, waits_for_gate
from components.shared.markers import Markers

NAMES = ("a", "b", "c")
ASKED_FOR = 1
"""The member that ``--replace`` names."""


@dataclass(frozen=True)
class Guards:
    """What keeps a rolling change safe; a test takes one away."""

    gates: bool = True
    """A gate whose input has changed asks the other members."""
    chain: bool = True
    """A gate's input names the droplet before it."""
    markers_first: bool = True
    """What an earlier run has told the members' guards is taken back before any droplet is touched."""
    veto: bool = True
    """A member refuses its own shutdown while another is unhealthy."""
    newcomers_first: bool = True
    """What exists is touched only when what this run has created is healthy."""
    orphans_wait: bool = True
    """A droplet that a killed run has left is removed only while the others are healthy."""
    power: bool = True
    """Who waits for a member whose machine is off powers it on."""


class Phase(Enum):
    """Where a run is with a member."""

    GATE = "gate"
    DROPLET = "droplet"
    DELETE = "delete"
    CREATE = "create"


class Run(NamedTuple):
    """A run under way."""

    existing: frozenset[str]
    """Members that had a droplet when it began."""
    member: int
    phase: Phase
    replacing: bool = False
    """It was told to replace the droplet of ``ASKED_FOR``, which no other run will remember."""


class Member(NamedTuple):
    """One member, as the world and as the engine's state have it."""

    there: bool = True
    """Its droplet exists."""
    known: bool = True
    """The engine's state has it."""
    booted: bool = True
    off: bool = False
    """Its machine was shut down, and will not start by itself."""
    sick: bool = False
    outdated: bool = False
    """The engine would replace the droplet."""
    asked: bool = True
    """The gate has recorded what it is asked now: it will not ask again."""
    taken: bool = False
    """Down by our doing: until it is healthy again."""

    @property
    def well(self) -> bool:
        return self.there and self.booted and not self.sick


class State(NamedTuple):
    members: tuple[Member, ...] = (Member(),) * 3
    run: Run | None = None
    changes: int = 0
    """How often the configuration has changed: at most once, or every state of one change comes again in the next."""
    given_up: bool = False
    """A run that went all at once, or a teardown that was broken off, has left it so that nobody refuses a shutdown."""
    outside: int = 0
    """How often something was done to a droplet outside of any run: at most twice."""

    def with_member(self, index: int, **fields: object) -> State:
        members = list(self.members)
        members[index] = members[index]._replace(**fields)  # pyright: ignore[reportArgumentType]
        return self._replace(members=tuple(members))

    def well(self) -> tuple[bool, ...]:
        return tuple(member.well for member in self.members)


@dataclass(frozen=True)
class Violation:
    """A way to two members that are down, or to one that goes while another is unhealthy."""

    trace: tuple[str, ...]


class UnsafeError(Exception):
    """A member was taken down although another was not well."""


@cache
def gate_opens(index: int, well: tuple[bool, ...]) -> bool:
    """The program's gate: nobody else has a problem."""
    seen: dict[str, Observation] = {
        name: MemberStatus(
            *("cluster", name, "leader"),
            learner=False,
            problem="",
            voters=frozenset(NAMES),
            ids=dict.fromkeys(NAMES, "id"),
        )
        if fine
        else NoStatus("gone")
        for name, fine in zip(NAMES, well, strict=True)
    }
    return not problems(other_members(NAMES[index], NAMES, seen), seen)


@cache
def refuses(index: int, well: tuple[bool, ...], given_up: bool) -> bool:
    """The node's veto."""
    sick = {name: "gone" for name, fine in zip(NAMES, well, strict=True) if not fine and name != NAMES[index]}
    markers = Markers(up=True, size=3, all_at_once=given_up)
    return must_block(ShutdownFacts(has_data=True, unhealthy=sick, markers=markers)) is not None


def shut_down(state: State, index: int) -> State:
    """Our doing: the machine of a member ends. All others must be well, unless it had not even booted."""
    member = state.members[index]
    if member.booted and not all(other.well for at, other in enumerate(state.members) if at != index):
        raise UnsafeError
    return state.with_member(index, booted=False, off=True, sick=False, taken=member.booted or member.taken)


def powered_on(state: State, waiting: int | None, guards: Guards) -> State | None:
    """What comes of waiting for all others while some of them are off; ``None`` when none is."""
    off = [at for at, member in enumerate(state.members) if member.off and at != waiting]
    if not off or not guards.power:
        return None
    for index in off:
        state = state.with_member(index, off=False)
    return state


def started(state: State, guards: Guards, *, refresh: bool, replacing: bool = False) -> State:
    if guards.markers_first:
        state = state._replace(given_up=False)
    if refresh:
        for index, member in enumerate(state.members):
            state = state.with_member(index, known=member.known and member.there)
    existing = frozenset(name for name, one in zip(NAMES, state.members, strict=True) if one.there)
    return state._replace(run=Run(existing, 0, Phase.GATE, replacing))


def at(state: State, member: int, phase: Phase) -> State:
    assert state.run is not None
    return state._replace(run=state.run._replace(member=member, phase=phase))


def after(state: State, index: int, guards: Guards) -> State:
    if index + 1 < len(NAMES):
        return at(state, index + 1, Phase.GATE)
    # At last the engine deletes what is not asked for any more.
    return ended(powered_on(state, None, guards) or state)._replace(given_up=False)


def ended(state: State) -> State:
    return state._replace(run=None)


def created(state: State, index: int, guards: Guards) -> State | None:
    """The create of one droplet, with its hook; ``None`` while the hook waits."""
    if state.members[index].there:
        if guards.orphans_wait and not gate_opens(index, state.well()):
            return None
        state = shut_down(state, index)
    state = state.with_member(index, there=True, known=True, booted=False, off=False, outdated=False)
    if guards.chain and index + 1 < len(NAMES):
        state = state.with_member(index + 1, asked=False)
    return state


def run_steps(state: State, guards: Guards) -> Iterator[tuple[str, State]]:
    """What the run under way may do next; a refusal ends it."""
    run = state.run
    assert run is not None
    for index, name in enumerate(NAMES):
        beside = not waits_for_gate(name, run.existing, "one-at-a-time") and not state.members[index].known
        if beside and (made := created(state, index, guards)) is not None:
            yield f"{name} is created beside the others", made
    yield turn_of(state, run.member, run.phase, guards)


def turn_of(state: State, index: int, phase: Phase, guards: Guards) -> tuple[str, State]:
    """What happens to the member whose turn it is."""
    match phase:
        case Phase.GATE:
            return turn_of_its_gate(state, index, guards)
        case Phase.DROPLET:
            return turn_of_its_droplet(state, index, guards)
        case Phase.DELETE:
            gone = state.with_member(index, there=False, off=False, known=False)
            return f"{NAMES[index]} is deleted", at(gone, index, Phase.CREATE)
        case Phase.CREATE:
            return turn_to_be_created(state, index, guards)


def turn_of_its_gate(state: State, index: int, guards: Guards) -> tuple[str, State]:
    name = NAMES[index]
    if not state.members[index].asked and guards.gates and not gate_opens(index, state.well()):
        if (following := powered_on(state, index, guards)) is not None:
            return f"{name}'s gate powers others on", following
        return f"{name}'s gate refuses", ended(state)
    return f"{name}'s gate opens", at(state.with_member(index, asked=True), index, Phase.DROPLET)


def turn_of_its_droplet(state: State, index: int, guards: Guards) -> tuple[str, State]:
    member, name = state.members[index], NAMES[index]
    assert state.run is not None
    if not member.known:
        return f"{name} is to be created", at(state, index, Phase.CREATE)
    if not member.outdated and not (state.run.replacing and index == ASKED_FOR):
        return f"{name} stays", after(state, index, guards)
    if guards.newcomers_first and not newcomers_well(state):
        return f"{name} waits for newcomers, and the run refuses", ended(state)
    if not member.there:
        return f"{name} is gone already", at(state.with_member(index, known=False), index, Phase.CREATE)
    if guards.veto and member.booted and refuses(index, state.well(), state.given_up):
        if (following := powered_on(state, index, guards)) is not None:
            return f"others than {name} are powered on", following
        return f"{name} refuses its shutdown", ended(state)
    return f"{name} is shut down", at(shut_down(state, index), index, Phase.DELETE)


def turn_to_be_created(state: State, index: int, guards: Guards) -> tuple[str, State]:
    name = NAMES[index]
    if state.members[index].known:
        return f"{name} is there already", after(state, index, guards)
    if (made := created(state, index, guards)) is not None:
        return f"{name} is created", after(made, index, guards)
    if (following := powered_on(state, index, guards)) is not None:
        return f"others than {name}'s orphan are powered on", following
    return f"{name}'s orphan is not removed, and the run refuses", ended(state)


def newcomers_well(state: State) -> bool:
    assert state.run is not None
    existing = state.run.existing
    return all(member.well for name, member in zip(NAMES, state.members, strict=True) if name not in existing)


def happenings(state: State, guards: Guards) -> Iterator[tuple[str, State]]:
    """What the world does."""
    for index, name in enumerate(NAMES):
        member = state.members[index]
        if member.there and not member.booted and not member.off and sum(state.well()) >= 1:
            booted = state.with_member(index, booted=True)
            yield f"{name} has booted", booted.with_member(index, taken=member.taken and member.sick)
        if member.there and not member.sick:
            yield f"{name} falls sick", state.with_member(index, sick=True)
        if member.sick:
            yield f"{name} gets well", state.with_member(index, sick=False, taken=False)
        if state.outside == 2 or not (member.there and member.known):
            continue
        noted = state._replace(outside=state.outside + 1)
        if not member.outdated:
            yield f"{name} drifts", noted.with_member(index, outdated=True)
        yield (
            f"{name} is deleted outside",
            noted.with_member(index, there=False, booted=False, off=False, sick=False),
        )
    if state.run is not None:
        yield "the run is killed", ended(state)
        index = state.run.member
        if state.run.phase is Phase.CREATE and not state.members[index].there:
            yield (
                "the run is killed while it creates",
                ended(state.with_member(index, there=True, booted=False)),
            )
    else:
        yield "a run begins", started(state, guards, refresh=False)
        yield "a run with --refresh begins", started(state, guards, refresh=True)
        if state.outside < 2 and state.members[ASKED_FOR].known:
            told = started(state._replace(outside=state.outside + 1), guards, refresh=True, replacing=True)
            yield f"a run with --replace {NAMES[ASKED_FOR]} begins", told
        if state.changes < 1:
            changed = replace_all(state)
            yield "the configuration changes", changed._replace(changes=state.changes + 1)


def replace_all(state: State) -> State:
    for index in range(len(NAMES)):
        state = state.with_member(index, outdated=True, asked=False)
    return state


def explore(guards: Guards) -> dict[State, tuple[State, str] | None] | Violation:
    """All reachable states, each with the one it was first reached from, or a way to a violation."""
    starts = (State(), State(given_up=True))
    reached: dict[State, tuple[State, str] | None] = dict.fromkeys(starts)
    waiting = deque(starts)

    def trace(state: State, last: str) -> tuple[str, ...]:
        steps = [last]
        while (before := reached[state]) is not None:
            state, step = before
            steps.append(step)
        return tuple(reversed(steps))

    while waiting:
        state = waiting.popleft()
        try:
            successors = [*happenings(state, guards), *(run_steps(state, guards) if state.run else ())]
        except UnsafeError:
            return Violation(trace(state, "another member is taken down"))
        for step, following in successors:
            if sum(member.taken for member in following.members) > 1:
                return Violation(trace(state, step))
            if following not in reached:
                reached[following] = (state, step)
                waiting.append(following)
    return reached


def undisturbed(state: State, guards: Guards) -> State:
    """Where one run with --refresh leads when nothing else goes wrong.

    The engine is quicker than any boot: a member boots when a gate waits for it, or after the run.
    """
    state = started(ended(state), guards, refresh=True)
    for _ in range(100):
        steps = [] if state.run is None else list(run_steps(state, guards))
        going = [one for one in steps if not one[0].endswith("refuses")]
        boots = [one for one in happenings(state, guards) if one[0].endswith("has booted")]
        if not (onward := going or boots or steps):
            return state
        state = onward[0][1]
    raise AssertionError("the run does not end")
