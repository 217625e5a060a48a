"""What a run does in the rollout model, decided by the program's and the node's own functions.

The engine takes the members in order: each member's gate, then the shutdown, deletion and creation of its droplet. A
member without a droplet is created at any moment of the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from etcd_node.guard.shutdown_policy import ShutdownFacts, must_block

from campaign.models.members import NAMES, NAMES_OF
from campaign.models.rollout_state import (
    CLUSTER,
    Left,
    Machine,
    Phase,
    Run,
    State,
)
from components.droplets.power_on import switched_off
from components.etcd.health import problems
from components.etcd.member_status import MemberStatus, NoStatus, Observation
from components.rollout.policy import (
    joining_members,
    member_to_repair,
    other_members,
    waits_for_gate,
    waits_for_others,
)
from components.shared.markers import Markers, markers_in


@dataclass(frozen=True)
class Guards:
    """What keeps a rolling change safe. A test takes one guard away."""

    gates: bool = True
    """A gate whose input has changed checks the other members."""
    chain: bool = True
    """A gate's input contains the droplet before it."""
    tags_first: bool = True
    """A run corrects the rollout tag before it changes any droplet."""
    shutdown_block: bool = True
    """A member blocks its own shutdown while another is unhealthy."""
    joining_first: bool = True
    """A droplet that exists changes only when the members that this run creates are healthy."""
    orphans_wait: bool = True
    """An orphaned droplet is deleted only while the other members are healthy."""
    power: bool = True
    """A run that waits for a member powers it on if it is off."""
    unguarded_mode: bool = True
    """A run that finds no member guarded changes a member only while all others are healthy."""


class Step(NamedTuple):
    """Something that may happen next."""

    text: str
    state: State
    fails_late: bool = False
    """Whether the run fails, after it has waited long enough for members to boot."""


class UnsafeError(Exception):
    """A member was shut down, or would allow it, although another was not healthy."""


@cache
def observations(healthy: tuple[bool, ...]) -> dict[str, Observation]:
    """What the program observes of the members."""
    names = NAMES_OF[len(healthy)]
    status = MemberStatus(
        *("cluster", "member", "leader"),
        learner=False,
        problem="",
        voters=frozenset(names),
        ids=dict.fromkeys(names, "id"),
    )
    return {name: status if fine else NoStatus("gone") for name, fine in zip(names, healthy, strict=True)}


@cache
def others_healthy(index: int, healthy: tuple[bool, ...]) -> bool:
    """Whether a wait for all members but one would end."""
    observed = observations(healthy)
    return not problems(other_members(NAMES[index], NAMES_OF[len(healthy)], observed), observed)


@cache
def only_unhealthy(healthy: tuple[bool, ...]) -> str | None:
    """The member that an unguarded run changes first."""
    return member_to_repair(NAMES_OF[len(healthy)], observations(healthy))


@cache
def markers(left: Left, size: int) -> Markers:
    """What guards and program read from the account's tags."""
    return markers_in(left.tags(size), CLUSTER)


@cache
def blocks_shutdown(index: int, healthy: tuple[bool, ...], left: Left) -> bool:
    """Whether the guard on a member's machine blocks its shutdown, by what the tags say."""
    names = NAMES_OF[len(healthy)]
    unhealthy = {name: "gone" for at, name in enumerate(names) if at != index and not healthy[at]}
    facts = ShutdownFacts(has_data=True, unhealthy=unhealthy, markers=markers(left, len(healthy)))
    return must_block(facts) is not None


@cache
def powered_on_by_wait(off: tuple[bool, ...], waiting: int | None) -> tuple[int, ...]:
    """The members that a wait for all others powers on."""
    names = NAMES_OF[len(off)]
    droplets = [
        {"id": at, "name": name, "status": "off" if off[at] else "active", "locked": False}
        for at, name in enumerate(names)
    ]
    others = [name for at, name in enumerate(names) if at != waiting]
    return tuple(switched_off(others, droplets).values())


def powered_on(state: State, waiting: int | None, guards: Guards) -> State | None:
    """What a wait for all other members leads to while some of them are off; ``None`` when none is."""
    off = tuple(member.machine is Machine.OFF for member in state.members)
    indexes = powered_on_by_wait(off, waiting)
    if not indexes or not guards.power:
        return None
    for index in indexes:
        state = state.with_member(index, machine=Machine.STARTING)
    return state


def shut_down(state: State, index: int) -> State:
    """The run shuts a machine down. All others must be healthy, unless it had not even booted."""
    others = (member for at, member in enumerate(state.members) if at != index)
    if state.members[index].booted and not all(other.healthy for other in others):
        raise UnsafeError
    return state.with_member(index, machine=Machine.OFF)


def began(state: State, guards: Guards, *, refresh: bool, replacing: int | None = None) -> State:
    """The beginning of a one-at-a-time run."""
    finds_unguarded = markers(state.left, len(state.members)).unguarded
    if guards.tags_first and state.left is Left.ALL_AT_ONCE:
        state = state._replace(left=Left.NOTHING)
    if refresh:
        for index, member in enumerate(state.members):
            state = state.with_member(index, known=member.known and member.exists)
    existing = frozenset(
        name for name, member in zip(state.names, state.members, strict=True) if member.exists
    )
    phase = Phase.REPAIR if finds_unguarded and guards.unguarded_mode else Phase.GATE
    return state._replace(run=Run(existing, finds_unguarded, 0, phase, replacing=replacing))


def next_member(state: State, index: int, guards: Guards) -> State:
    """The run goes on with the next member, or ends."""
    if index + 1 < len(state.members):
        return state.at(index + 1, Phase.GATE)
    # The last gate waits for all members. Then the engine deletes what is not declared any more.
    return (powered_on(state, None, guards) or state).ended()._replace(left=Left.NOTHING)


def created(state: State, index: int, guards: Guards) -> State | None:
    """The creation of a droplet, with its hook; ``None`` while the hook waits."""
    if state.members[index].exists:
        if guards.orphans_wait and not others_healthy(index, state.healthy()):
            return None
        state = shut_down(state, index)
    state = state.with_member(index, machine=Machine.STARTING, known=True, outdated=False)
    if guards.chain and index + 1 < len(state.members):
        state = state.with_member(index + 1, recorded=False)
    return state


def run_steps(state: State, guards: Guards) -> Iterator[Step]:
    """What the run may do next. A run that fails has ended afterwards."""
    if (run := state.run) is None:
        return
    for index, name in enumerate(state.names):
        beside = not waits_for_gate(name, run.existing, "one-at-a-time") and not state.members[index].known
        if beside and (made := created(state, index, guards)) is not None:
            yield Step(f"{name} is created beside the others", made)
    yield next_step(state, run, guards)


def next_step(state: State, run: Run, guards: Guards) -> Step:
    """What happens to the member whose turn it is."""
    index = run.member
    match run.phase:
        case Phase.REPAIR:
            return at_repair(state, run, guards)
        case Phase.GATE:
            return at_gate(state, index, guards)
        case Phase.DROPLET:
            return at_droplet(state, run, guards)
        case Phase.DELETE:
            gone = state.with_member(index, machine=Machine.MISSING, known=False)
            return Step(f"{NAMES[index]} is deleted", gone.at(index, Phase.CREATE))
        case Phase.CREATE:
            return at_creation(state, run, guards)


def at_repair(state: State, run: Run, guards: Guards) -> Step:
    """The member that alone is unhealthy changes first. It is observed and shut down in one step."""
    if guards.joining_first and not joining_healthy(state, run):
        return Step("the run waits for joining members, and fails", state.ended(), fails_late=True)
    name = only_unhealthy(state.healthy())
    if name is None:
        return Step("no member is repaired first", state.at(0, Phase.GATE))
    index = NAMES.index(name)
    state = state._replace(run=run._replace(to_repair=index, member=index))
    if not state.members[index].known:
        return Step(f"{name} is to be created first", state.at(index, Phase.CREATE))
    if not changes(state, run, index):
        return Step(f"{name} is the only unhealthy member, and stays", state.at(0, Phase.GATE))
    return replacement(state, index)


def at_gate(state: State, index: int, guards: Guards) -> Step:
    """The gate of a member. The engine calls its hook only if its input has changed."""
    name = NAMES[index]
    if guards.gates and not state.members[index].recorded and not others_healthy(index, state.healthy()):
        return failed_wait(state, index, guards, f"{name}'s gate")
    return Step(f"{name}'s gate opens", state.with_member(index, recorded=True).at(index, Phase.DROPLET))


def at_droplet(state: State, run: Run, guards: Guards) -> Step:
    """The droplet of the member whose gate has opened."""
    index = run.member
    name, to_repair = NAMES[index], None if run.to_repair is None else NAMES[run.to_repair]
    member = state.members[index]
    in_turn = run.unguarded and guards.unguarded_mode
    if in_turn and not waits_for_others(name, to_repair):
        return Step(f"{name} had its turn", next_member(state, index, guards))
    if not member.known:
        return Step(f"{name} is to be created", state.at(index, Phase.CREATE))
    if in_turn and not others_healthy(index, state.healthy()):
        return failed_wait(state, index, guards, f"{name}'s turn")
    if not changes(state, run, index):
        return Step(f"{name} stays", next_member(state, index, guards))
    if guards.joining_first and not joining_healthy(state, run):
        return Step(f"{name} waits for joining members, and the run fails", state.ended(), fails_late=True)
    # A guard may go by the tags that the run has found, as long as the run lasts.
    guarded = guards.shutdown_block and not run.unguarded
    if guarded and member.booted and blocks_shutdown(index, state.healthy(), state.left):
        if (following := powered_on(state, index, guards)) is not None:
            return Step(f"{name} blocks its shutdown until others are powered on", following)
        # The provider waits for a shutdown, and gives up sooner than a gate does.
        return Step(f"{name} blocks its shutdown, and the run fails", state.ended())
    return replacement(state, index)


def changes(state: State, run: Run, index: int) -> bool:
    """Whether the engine replaces a droplet that it knows."""
    member = state.members[index]
    return member.known and (member.outdated or index == run.replacing)


def replacement(state: State, index: int) -> Step:
    """The first step of a replacement."""
    name = NAMES[index]
    if not state.members[index].exists:
        return Step(f"{name} is gone already", state.with_member(index, known=False).at(index, Phase.CREATE))
    return Step(f"{name} is shut down", shut_down(state, index).at(index, Phase.DELETE))


def at_creation(state: State, run: Run, guards: Guards) -> Step:
    """The creation of a droplet in the order of the members."""
    index, name = run.member, NAMES[run.member]

    def onward(state: State) -> State:
        # The engine comes to the gate of a member that was repaired first as well, in its order.
        return state.at(0, Phase.GATE) if run.to_repair == index else next_member(state, index, guards)

    if state.members[index].known:
        return Step(f"{name} exists already", onward(state))
    if (made := created(state, index, guards)) is not None:
        return Step(f"{name} is created", onward(made))
    return failed_wait(state, index, guards, f"{name}'s orphan")


def failed_wait(state: State, waiting: int, guards: Guards, what: str) -> Step:
    """A wait for the others powers on those that are off. Otherwise it fails, and the run with it."""
    if (following := powered_on(state, waiting, guards)) is not None:
        return Step(f"{what} waits for others that are powered on", following)
    return Step(f"{what} waits for others, and the run fails", state.ended(), fails_late=True)


def joining_healthy(state: State, run: Run) -> bool:
    """Whether all members are healthy that this run creates."""
    joining = joining_members(state.names, run.existing)
    return all(
        member.healthy for name, member in zip(state.names, state.members, strict=True) if name in joining
    )
