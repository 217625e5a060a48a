"""Draws schedules by chance.

A schedule never asks for what must lose data: a majority of the members keeps its data at any time, as the cluster's
promises demand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from campaign.schedule.documents import (
    LOSES_DATA,
    LOSES_DROPLET,
    OF_A_MEMBER,
    OF_A_RUN,
    WITHOUT_END,
    ActionKind,
    Fault,
    FaultKind,
    Schedule,
    Start,
    Step,
)
from localcloud.toolchain.etcd import VERSIONS

STEPS = (2, 4)
"""The least and the most steps of a schedule."""

WAITS = (0.0, 0.0, 0.0, 25.0)
"""How long the action of a step waits for faults to have an effect, in seconds. Waits are up to so long."""

FAULTS = (0, 1, 1, 2, 2, 3)
"""How many faults come in one step."""

AFTER = 16.0
"""The latest begin of a fault, in seconds: a rolling change of three members takes longer."""

LASTS = (2.0, 25.0)
"""The shortest and the longest fault, in seconds."""

ACTIONS: Mapping[ActionKind, float] = {
    ActionKind.NOTHING: 1.0,
    ActionKind.UP: 1.0,
    ActionKind.SETTING: 4.0,
    ActionKind.FIREWALL: 0.5,
    ActionKind.UPGRADE: 2.0,
    ActionKind.SIZE: 2.0,
    ActionKind.REPLACE: 2.0,
    ActionKind.RENEW: 2.0,
    ActionKind.DRIFT: 1.5,
    ActionKind.ROTATE: 1.5,
    ActionKind.BACKUP: 1.0,
    ActionKind.RESTORE: 0.7,
    ActionKind.CLIENTS: 1.0,
    ActionKind.AUTH: 1.0,
    ActionKind.ALL_AT_ONCE: 0.7,
    ActionKind.TWO_RUNS: 1.0,
    ActionKind.OTHER_CHECKOUT: 0.7,
    ActionKind.SURVIVOR: 0.7,
    ActionKind.DESTROY: 0.7,
}
"""How often each action comes, against the others."""

OF_ONE_MEMBER = frozenset(
    {ActionKind.REPLACE, ActionKind.RENEW, ActionKind.DRIFT, ActionKind.BACKUP, ActionKind.RESTORE}
)
"""Actions on one member."""

WITHOUT_RUN = frozenset({ActionKind.NOTHING, ActionKind.BACKUP, ActionKind.SURVIVOR})
"""Actions that do not run Pulumi."""

ROTATION = ("1,2", "2,1", "2")
"""The steps of a replacement of the CA, from 1."""


@dataclass
class _Planned:
    """What the cluster will be if all goes well, and what may still happen to it."""

    random: Random
    version: str
    size: int
    has_volumes: bool
    auth: bool
    has_auth: bool
    rotation: list[str] = field(default_factory=lambda: [*ROTATION])
    clients: int = 0
    may_lose_data: bool = True
    """Whether a member's data may still be lost: only that of one member in a schedule."""

    def action(self) -> Step:
        kinds = [kind for kind in ACTIONS if self._may(kind)]
        kind = self.random.choices(kinds, [ACTIONS[one] for one in kinds])[0]
        member = self.random.randint(1, self.size) if kind in OF_ONE_MEMBER else 0
        after = round(self.random.uniform(0.0, self.random.choice(WAITS)), 1)
        return Step(action=kind, member=member, value=self._value(kind), after=after)

    def faults(self, step: Step) -> tuple[Fault, ...]:
        if step.action is ActionKind.SURVIVOR:
            # Only in a healthy cluster, one member has all that was ever acknowledged.
            self.may_lose_data = False
            return ()
        drawn = (self._fault(step) for _ in range(self.random.choice(FAULTS)))
        return tuple(sorted(drawn, key=lambda fault: fault.after))

    def _may(self, kind: ActionKind) -> bool:
        if kind is ActionKind.UPGRADE:
            return self.version != VERSIONS[-1]
        if kind is ActionKind.SURVIVOR:
            return self.may_lose_data and self.has_volumes and self.size == 3
        if kind is ActionKind.ROTATE:
            return bool(self.rotation)
        if kind in {ActionKind.CLIENTS, ActionKind.AUTH}:
            return self.has_auth
        if kind in {ActionKind.ALL_AT_ONCE, ActionKind.DESTROY}:
            return self.has_volumes
        return True

    def _value(self, kind: ActionKind) -> str:
        match kind:
            case ActionKind.UPGRADE:
                self.version = VERSIONS[VERSIONS.index(self.version) + 1]
                return self.version
            case ActionKind.SIZE:
                self.size = 3 if self.size == 5 else 5
                return str(self.size)
            case ActionKind.ROTATE:
                return self.rotation.pop(0)
            case ActionKind.CLIENTS:
                self.clients += 1
                return f"more-{self.clients}"
            case ActionKind.AUTH:
                self.auth = not self.auth
                return str(self.auth).lower()
            case ActionKind.FIREWALL:
                return f"192.0.2.{self.random.randint(0, 255)}/32"
            case (
                ActionKind.SETTING | ActionKind.ALL_AT_ONCE | ActionKind.TWO_RUNS | ActionKind.OTHER_CHECKOUT
            ):
                return str(self.random.randint(200, 2000))
            case _:
                return ""

    def _fault(self, step: Step) -> Fault:
        kind = self.random.choice([one for one in FaultKind if self._may_break(one, step)])
        if kind in LOSES_DATA:
            self.may_lose_data = False
        member, other = self.random.sample(range(1, min(self.size, 3) + 1), 2)
        return Fault(
            kind=kind,
            member=member if kind in OF_A_MEMBER else 0,
            other=other if kind is FaultKind.LINK_CUT else 0,
            after=round(self.random.uniform(0.0, AFTER), 1),
            lasts=0.0 if kind in WITHOUT_END else round(self.random.uniform(*LASTS), 1),
        )

    def _may_break(self, kind: FaultKind, step: Step) -> bool:
        if kind in OF_A_RUN:
            return step.action not in WITHOUT_RUN
        if kind in LOSES_DATA:
            return self.may_lose_data and self.has_volumes
        if kind in LOSES_DROPLET:
            return self.has_volumes
        if kind in {FaultKind.DISK_FULL, FaultKind.DISK_READ_ONLY, FaultKind.DISK_SLOW}:
            return self.has_volumes
        return True


def draw(seed: str) -> Schedule:
    """The schedule of a seed: the same seed is always the same schedule."""
    random = Random(seed)  # noqa: S311 - anybody may know it
    version = random.choice(VERSIONS)
    has_auth = random.random() < 0.25
    start = Start(
        version=version,
        size=random.choice((3, 3, 3, 3, 5)),
        has_volumes=random.random() < 0.8,
        auth=has_auth,
    )
    planned = _Planned(random, version, start.size, start.has_volumes, has_auth, has_auth)
    steps: list[Step] = []
    for _ in range(random.randint(*STEPS)):
        step = planned.action()
        steps.append(step.model_copy(update={"faults": planned.faults(step)}))
    return Schedule(seed=seed, start=start, steps=tuple(steps))
