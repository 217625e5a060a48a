"""Reads a file that a campaign kept."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from campaign.errors import CampaignError
from campaign.wrong_fields import wrong_fields

D = TypeVar("D", bound=BaseModel)


def read_kept(document: type[D], file: Path) -> D:
    """Read a JSON document of a kept schedule. Raises ``CampaignError``."""
    try:
        return document.model_validate_json(file.read_bytes())
    except OSError as error:
        raise CampaignError(
            f"{file} cannot be read ({error.strerror}): make it readable, or name another folder"
        ) from error
    except ValidationError as error:
        raise CampaignError(
            f"{file} is not what a campaign wrote: {wrong_fields(error)}. Name another folder, or mend the file"
        ) from error
