"""What is wrong with a document is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaign.errors import CampaignError
from campaign.history.errors import HistoryError
from campaign.history.files import read_history
from campaign.kept_file import read_kept
from campaign.models.kept_failures import Choices
from campaign.schedule.documents import Schedule

DAMAGED = b'{"seed": "7-1", "start": {"version": "3.6.16"}, "steps": [{"action": "up", "after": "soon"}], "more": 1}'


def test_a_damaged_document_is_refused_with_fields_and_reasons(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DAMAGED)
    with pytest.raises(CampaignError) as refused:
        read_kept(Schedule, tmp_path / "file")
    said = str(refused.value)
    assert "steps.0.after: Input should be a valid number, unable to parse string as a number; " in said
    assert "more: Extra inputs are not permitted. " in said
    assert "\n" not in said
    assert "http" not in said


@pytest.mark.parametrize("content", [b"", b"{", b'{"model": "\xff"}'])
def test_a_file_that_is_no_json_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(
        CampaignError, match=r"is not what a campaign wrote: Invalid JSON: .+\. Name"
    ) as refused:
        read_kept(Choices, tmp_path / "file")
    assert "\n" not in str(refused.value)


def test_a_damaged_record_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text('{"operation": "put"}\n{"operation": "put"}\n')
    with pytest.raises(HistoryError, match=r"line 1 of .*: put\.client: Field required; ") as refused:
        read_history(tmp_path / "file")
    assert "\n" not in str(refused.value)
    assert "http" not in str(refused.value)
