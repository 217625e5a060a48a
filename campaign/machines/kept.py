"""The folders of schedules that are carried out, and the schedules in those that were kept."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from campaign.kept_file import read_kept
from campaign.machines.carry_out import SCHEDULE
from campaign.schedule.documents import Schedule


def new_folder(folder: Path, name: str) -> Path:
    """The folder for what is carried out now. A name may come again."""
    return folder / f"{name}-{datetime.now():%H%M%S}"


def is_kept(folder: Path) -> bool:
    """Whether a folder has a schedule for machines."""
    return (folder / SCHEDULE).is_file()


def read(folder: Path) -> Schedule:
    """Read the schedule in a folder. Raises ``CampaignError``."""
    return read_kept(Schedule, folder / SCHEDULE)
