"""What happens beside runs that roll changes out, and an exploration of every state that three members can reach.

Beside a run, at any moment: the run is killed, a member becomes unhealthy or healthy, a droplet drifts or is deleted
outside, a machine finishes its boot, somebody requests a shutdown in the control panel. Between two runs the
configuration may change. The first run may find what an all-at-once run, or an interrupted teardown, has left.

Two things are assumed. Guards have read the tags by the time that another run begins. Where no guard blocks, nobody
becomes unhealthy between a run's last observation and the shutdown: docs/safety.md says what remains.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from campaign.models.members import NAMES
from campaign.models.rollout_run import (
    Guards,
    Step,
    UnsafeError,
    began,
    blocks_shutdown,
    run_steps,
)
from campaign.models.rollout_state import (
    Left,
    Limits,
    Machine,
    Phase,
    State,
    replace_all,
)


class EndlessRunError(Exception):
    """A run that nothing disturbs does not end."""


@dataclass(frozen=True)
class Violation:
    """A way to a member that is shut down, or allows it, while another is not healthy."""

    trace: tuple[str, ...]


EXHAUSTIVE = Limits()

LONGEST_RUN = 200
"""How many steps a run without any disturbance takes at most."""


def happenings(state: State, guards: Guards, limits: Limits = EXHAUSTIVE) -> Iterator[Step]:
    """What may happen next outside of the run under way."""
    for index in range(len(state.members)):
        yield from member_happenings(state, index, limits)
    if state.run is not None:
        yield Step("the run is killed", state.ended())
        index = state.run.member
        if state.run.phase is Phase.CREATE and not state.members[index].exists:
            created = state.with_member(index, machine=Machine.STARTING)
            yield Step("the run is killed while it creates", created.ended())
    else:
        yield from next_runs(state, guards, limits)


def member_happenings(state: State, index: int, limits: Limits) -> Iterator[Step]:
    """What may happen to one member outside of the run under way."""
    name, member = NAMES[index], state.members[index]
    match member.machine:
        case Machine.STARTING if any(state.healthy()):
            yield Step(f"{name} has booted", state.with_member(index, machine=Machine.HEALTHY))
        case Machine.HEALTHY:
            yield Step(f"{name} becomes unhealthy", state.with_member(index, machine=Machine.UNHEALTHY))
        case Machine.UNHEALTHY:
            yield Step(f"{name} becomes healthy", state.with_member(index, machine=Machine.HEALTHY))
        case _:
            pass
    if state.outside < limits.outside and member.exists and member.known:
        counted = state._replace(outside=state.outside + 1)
        if not member.outdated:
            yield Step(f"{name} drifts", counted.with_member(index, outdated=True))
        if not limits.quorum_stays or quorum_without(state, index):
            yield Step(f"{name} is deleted outside", counted.with_member(index, machine=Machine.MISSING))


def quorum_without(state: State, index: int) -> bool:
    """Whether most of the members have booted, without this one."""
    others = sum(member.booted for at, member in enumerate(state.members) if at != index)
    return 2 * others > len(state.members)


def next_runs(state: State, guards: Guards, limits: Limits) -> Iterator[Step]:
    """The runs that may begin, and the changes between two of them."""
    yield Step("a run begins", began(state, guards, refresh=False))
    yield Step("a run with --refresh begins", began(state, guards, refresh=True))
    for index in limits.replaceable:
        if state.outside < limits.outside and state.members[index].known:
            counted = state._replace(outside=state.outside + 1)
            told = began(counted, guards, refresh=True, replacing=index)
            yield Step(f"a run with --replace {NAMES[index]} begins", told)
    if state.changes < limits.changes:
        yield Step("the configuration changes", replace_all(state)._replace(changes=state.changes + 1))


def requested_in_the_control_panel(state: State) -> None:
    """Raises ``UnsafeError`` if a member would allow a shutdown during a run, although another is not healthy.

    After an interrupted teardown a run can restore the tag only at its end, when all droplets exist.
    """
    if state.run is None or state.left is Left.TORN_DOWN:
        return
    healthy = state.healthy()
    for index, member in enumerate(state.members):
        unhealthy_other = not all(fine for at, fine in enumerate(healthy) if at != index)
        if member.booted and unhealthy_other and not blocks_shutdown(index, healthy, state.left):
            raise UnsafeError


def explore(guards: Guards, left: Iterable[Left] = Left) -> dict[State, tuple[State, str] | None] | Violation:
    """All states that are reachable from what is ``left`` by earlier runs, or a way to a violation.

    Each state has the one that it was first reached from, and the step between them.
    """
    starts = tuple(State(left=one) for one in left)
    reached: dict[State, tuple[State, str] | None] = dict.fromkeys(starts)
    waiting = deque(starts)

    def trace(state: State, last: str) -> Violation:
        steps = [last]
        while (before := reached[state]) is not None:
            state, step = before
            steps.append(step)
        return Violation(tuple(reversed(steps)))

    while waiting:
        state = waiting.popleft()
        if guards.shutdown_block:
            try:
                requested_in_the_control_panel(state)
            except UnsafeError:
                return trace(state, "a shutdown is allowed in the control panel")
        try:
            following = [*happenings(state, guards), *run_steps(state, guards)]
        except UnsafeError:
            return trace(state, "another member is shut down")
        for step in following:
            if step.state not in reached:
                reached[step.state] = (state, step.text)
                waiting.append(step.state)
    return reached


def undisturbed(guards: Guards) -> Callable[[State], State]:
    """Where one run with --refresh leads when nothing else goes wrong.

    The engine is quicker than any boot: a member boots when a gate waits for it, or after the run.
    """
    ends: dict[State, State] = {}

    def onward(state: State) -> State | None:
        steps = list(run_steps(state, guards))
        going = [step for step in steps if not step.fails_late]
        boots = [step for step in happenings(state, guards) if step.text.endswith("has booted")]
        return next((step.state for step in going or boots or steps), None)

    def end(state: State) -> State:
        path: list[State] = []
        following: State | None = began(state.ended(), guards, refresh=True)
        while following is not None and following not in ends:
            if len(path) > LONGEST_RUN:
                raise EndlessRunError
            path.append(following)
            following = onward(following)
        last = path[-1] if following is None else ends[following]
        ends.update(dict.fromkeys(path, last))
        return last

    return end
