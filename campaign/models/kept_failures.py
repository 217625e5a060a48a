"""Keeps a failing schedule of a model in a folder, and reads it again."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from campaign.errors import CampaignError
from campaign.kept_file import read_kept
from campaign.models.random_walk import Walk
from campaign.models.schedules import MODELS, SIZES, Schedule

CHOICES = "choices.json"
TRACE = "trace.txt"


class Choices(BaseModel):
    """What a replay needs: the contents of ``choices.json``."""

    model: str
    members: int
    seed: str
    start: int
    choices: list[str]

    @property
    def schedule(self) -> Schedule:
        """The schedule that chose this."""
        return Schedule(self.model, self.members, self.seed)


def keep(schedule: Schedule, walk: Walk, parent: Path) -> Path:
    """Write a failing schedule: the choices for a replay, and the trace for a person. Returns the folder."""
    folder = parent / schedule.name
    folder.mkdir(parents=True, exist_ok=True)
    write(schedule, walk, folder)
    return folder


def write(schedule: Schedule, walk: Walk, folder: Path) -> None:
    """Write both files of a schedule into its folder."""
    choices = Choices(
        model=schedule.model,
        members=schedule.size,
        seed=schedule.seed,
        start=walk.start,
        choices=list(walk.choices),
    )
    (folder / CHOICES).write_text(json.dumps(choices.model_dump(), indent=1) + "\n", encoding="utf-8")
    (folder / TRACE).write_text(told(schedule, walk), encoding="utf-8")


def is_kept(folder: Path) -> bool:
    """Whether a folder has a schedule of a model."""
    return (folder / CHOICES).is_file()


def read(folder: Path) -> Choices:
    """Read what a folder keeps."""
    file = folder / CHOICES
    kept = read_kept(Choices, file)
    starts = len(kept.schedule.built().starts()) if kept.model in MODELS and kept.members in SIZES else 0
    if not 0 <= kept.start < starts:
        raise CampaignError(f"{file} names a model, members or a start that this checkout does not have")
    return kept


def told(schedule: Schedule, walk: Walk) -> str:
    """A schedule as a person reads it."""
    model = schedule.built()
    lines = [
        f"model {schedule.model}, {schedule.size} members, seed {schedule.seed}",
        *model.told(model.starts()[walk.start]).split("; "),
        *(f"{number:4d}  {choice}" for number, choice in enumerate(walk.choices, 1)),
    ]
    if walk.failure is None:
        lines.append("No promise is broken.")
    else:
        lines += [f"Broken promise: {walk.failure.promise}", *walk.failure.detail.split("; ")]
    return "\n".join(lines) + "\n"
