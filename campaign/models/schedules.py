"""The schedules of a campaign of the models: which model, how many members, and what chance decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from campaign.models.bootstrap_model import Guards
from campaign.models.bootstrap_promises import BootstrapModel
from campaign.models.model import Model
from campaign.models.random_walk import Walk, random_walk
from campaign.models.restore_promises import RestoreModel
from campaign.models.rollout_promises import RolloutModel

SIZES = (3, 4, 5)
"""The numbers of members. A cluster has four while it is scaled."""

STEPS = 400
"""How many steps a schedule has at most."""

MODELS: Mapping[str, Callable[[int], Model[Any]]] = {
    "rollout": RolloutModel,
    "bootstrap": lambda size: BootstrapModel(size, Guards(initial_members=size)),
    "grown-cluster": lambda size: BootstrapModel(size, Guards(initial_members=size - 2)),
    "restore": RestoreModel,
}
"""The models by their names, each for a number of members."""


@dataclass(frozen=True)
class Schedule:
    """One schedule. The same schedule is always the same walk."""

    model: str
    size: int
    seed: str

    @property
    def name(self) -> str:
        """A name for people and folders."""
        return f"{self.model}-{self.size}-{self.seed}"

    def built(self) -> Model[Any]:
        """Its model, at the beginning."""
        return MODELS[self.model](self.size)


def schedules(each: int, seed: int) -> Iterator[Schedule]:
    """This many schedules of each model, with all numbers of members in turn."""
    for number in range(each):
        for model in MODELS:
            yield Schedule(model, SIZES[number % len(SIZES)], f"{seed}-{number}")


def run(schedule: Schedule) -> Walk:
    """Run one schedule."""
    return random_walk(schedule.built(), schedule.name, STEPS)
