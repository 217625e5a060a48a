"""Reads a schedule that a campaign kept."""

from __future__ import annotations

from pathlib import Path

from campaign.kept_file import read_kept
from campaign.machines.carry_out import SCHEDULE
from campaign.schedule.documents import Schedule


def is_kept(folder: Path) -> bool:
    """Whether a folder has a schedule for machines."""
    return (folder / SCHEDULE).exists()


def read(folder: Path) -> Schedule:
    """Read the schedule in a folder. Raises ``CampaignError``."""
    return read_kept(Schedule, folder / SCHEDULE)
