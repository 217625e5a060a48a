"""A change of a setting as the page is told it: three members are replaced, one after the other."""

from __future__ import annotations

import math
from typing import Any

from console.view.members import Member
from console.view.run import Line, Run, Step
from console.view.timeline import LeaderSpan, RunSpan, Span, Timeline, UpSpan, Writer, Writes
from tests.console.fake_source import BEGAN, NAMES, member

START = BEGAN + 240
"""When the run begins."""
DROPLET = (
    "waiting",
    "waiting",
    "shutting down",
    "shutting down",
    "creating",
    "creating",
    "joining",
    "joining",
)
"""What is done to a member's droplet, by the seconds since its turn began."""
DOWN = (2, 8)
"""The seconds of its turn between which a member is down."""
SECONDS = len(DROPLET) * len(NAMES)
"""How long the run takes."""


def moment(second: int) -> dict[str, Any]:
    """The sections of the page at a second of the run."""
    now = START + second
    return {
        "members": [_member(number, second) for number in (1, 2, 3)],
        "run": _run(second),
        "timeline": Timeline(
            began=BEGAN,
            members=NAMES,
            runs=[
                RunSpan(
                    id="2",
                    command="up",
                    began=START,
                    ended=START + SECONDS if second >= SECONDS else None,
                    outcome="succeeded" if second >= SECONDS else "running",
                )
            ],
            up=[span for index in range(3) for span in _up(index, second)],
            down=[span for index in range(3) if (span := _down(index, second))],
            leaders=_leaders(second),
            writes=writes(BEGAN + 30, now),
            most_down=1 if second >= DOWN[0] else 0,
        ),
        "writer": Writer(
            running=True,
            per_second=51.0,
            acknowledged=50 * int(now - BEGAN - 30),
            failed=0,
            longest_stall=0.126,
            problem="",
        ),
    }


def writes(began: float, ended: float) -> list[Writes]:
    """The writes of a writer, with a dip whenever leadership moves."""
    moves = {START + index * len(DROPLET) + DOWN[0] - 1 for index in range(3)}
    return [
        Writes(
            second=began + at,
            acknowledged=31 if began + at in moves else 50 + round(3 * math.sin(at / 3) + math.sin(at * 1.7)),
            failed=0,
        )
        for at in range(int(ended - began))
    ]


def _turn(index: int, second: int) -> int:
    """The second of a member's turn; negative before it."""
    return second - index * len(DROPLET)


def _is_down(index: int, second: int) -> bool:
    return DOWN[0] <= _turn(index, second) < DOWN[1]


def _down(index: int, second: int) -> Span | None:
    turn, began = _turn(index, second), START + index * len(DROPLET)
    if turn < DOWN[0]:
        return None
    ended = began + DOWN[1] if turn >= DOWN[1] else None
    return Span(member=NAMES[index], began=began + DOWN[0], ended=ended, cause="run")


def _up(index: int, second: int) -> list[UpSpan]:
    name, down = NAMES[index], _down(index, second)
    if down is None:
        return [UpSpan(member=name, began=BEGAN, ended=None)]
    before = UpSpan(member=name, began=BEGAN, ended=down.began)
    return [before] if down.ended is None else [before, UpSpan(member=name, began=down.ended, ended=None)]


def _leader(second: int) -> int:
    """The index of the leader, which moves before its member goes."""
    leader = 0
    for index in range(3):
        if index == leader and _turn(index, second) >= DOWN[0] - 1:
            leader = (leader + 1) % 3
    return leader


def _leaders(second: int) -> list[LeaderSpan]:
    spans = [LeaderSpan(member=NAMES[0], began=BEGAN, ended=None)]
    for at in range(1, second + 1):
        if _leader(at) != _leader(at - 1):
            spans[-1] = spans[-1].model_copy(update={"ended": START + at})
            spans.append(LeaderSpan(member=NAMES[_leader(at)], began=START + at, ended=None))
    return spans


def _member(number: int, second: int) -> Member:
    index, turn = number - 1, _turn(number - 1, second)
    if not _is_down(index, second):
        return member(number, role="leader" if _leader(second) == index else "follower")
    creating = DROPLET[turn] in {"creating", "joining"}
    return member(
        number,
        healthy=False,
        role="waiting" if creating else "stopped",
        power="active" if creating else "off",
        waiting_for="preparecluster: starting etcd with the data of the volume" if creating else "",
        problem="its client port does not answer",
        version=None,
        database_bytes=None,
    )


def _run(second: int) -> Run:
    over = second >= SECONDS
    index = min(second // len(DROPLET), 2)
    asked = not over and _turn(index, second) < DOWN[0]
    lines = [Line(time=START, severity="info", text="Updating (local)")]
    for each in range(index + 1):
        name, began = NAMES[each], START + each * len(DROPLET)
        said = (
            (0, f"{name}: waits until all other members are healthy"),
            (2, f"etcd-server-{each + 1}-droplet: deleting (replaced)"),
            (4, f"etcd-server-{each + 1}-droplet: creating (replacement)"),
        )
        lines += [
            Line(time=began + at, severity="info", text=text)
            for at, text in said
            if began + at <= START + second
        ]
    return Run(
        id="2",
        command="up",
        began=START,
        ended=START + SECONDS if over else None,
        outcome="succeeded" if over else "running",
        reason="",
        steps=[_step(each, second) for each in range(3)],
        waiting_for="" if over else _waits(index, asked=asked),
        waiting_since=None if over else START + index * len(DROPLET) + (0 if asked else DOWN[0]),
        lines=lines,
    )


def _waits(index: int, *, asked: bool) -> str:
    """What the run says while it waits."""
    if asked:
        return f"Before {NAMES[index]} may change: {NAMES[index - 1]}: it has not caught up yet"
    return f"Before {NAMES[(index + 1) % 3]} may change: {NAMES[index]}: its client port does not answer"


def _step(index: int, second: int) -> Step:
    turn = _turn(index, second)
    if turn < 0:
        return Step(member=NAMES[index], gate="none", droplet="waiting")
    if turn >= len(DROPLET):
        return Step(member=NAMES[index], gate="open", droplet="done")
    gate = "asked" if turn < DOWN[0] else "open"
    return Step.model_validate({"member": NAMES[index], "gate": gate, "droplet": DROPLET[turn]})
