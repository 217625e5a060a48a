"""Reads a schedule that a campaign kept."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from campaign.errors import CampaignError
from campaign.machines.carry_out import SCHEDULE
from campaign.schedule.documents import Schedule


def is_kept(folder: Path) -> bool:
    """Whether a folder has a schedule for machines."""
    return (folder / SCHEDULE).exists()


def read(folder: Path) -> Schedule:
    """Read the schedule in a folder. Raises ``CampaignError``."""
    file = folder / SCHEDULE
    try:
        return Schedule.model_validate_json(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CampaignError(
            f"{file} cannot be read ({error.strerror}): name the folder of a failure"
        ) from error
    except ValidationError as error:
        raise CampaignError(f"{file} is not what a campaign wrote: {error}") from error
