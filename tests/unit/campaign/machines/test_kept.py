"""A kept schedule is read again as it was, and anything else is refused with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaign.errors import CampaignError
from campaign.machines.carry_out import SCHEDULE
from campaign.machines.kept import is_kept, read
from campaign.schedule.draw import draw


def test_a_kept_schedule_is_read_as_it_was(tmp_path: Path) -> None:
    schedule = draw("7-3")
    (tmp_path / SCHEDULE).write_text(schedule.model_dump_json())
    assert is_kept(tmp_path)
    assert read(tmp_path) == schedule


def test_a_folder_without_a_schedule_is_refused(tmp_path: Path) -> None:
    assert not is_kept(tmp_path)
    with pytest.raises(CampaignError, match=r"cannot be read \(No such file or directory\)"):
        read(tmp_path)


def test_a_file_that_no_campaign_wrote_is_refused(tmp_path: Path) -> None:
    (tmp_path / SCHEDULE).write_text("{}")
    with pytest.raises(CampaignError, match="is not what a campaign wrote"):
        read(tmp_path)
