"""The bugs on purpose can be put into the program as it is now."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from campaign.errors import CampaignError
from campaign.machines.bugs import BUGS, NO_BUG, Bug, Patch
from localcloud.checkout import CHECKOUT


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_changes_a_copy_of_the_program_which_still_parses(name: str, tmp_path: Path) -> None:
    bug = BUGS[name]
    program = bug.program(tmp_path)
    assert (program == CHECKOUT) is (not bug.patches)
    for patch in bug.patches:
        changed = (program / patch.file).read_text()
        ast.parse(changed)
        assert changed != (CHECKOUT / patch.file).read_text()


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_has_a_schedule_and_a_check_that_finds_it(name: str) -> None:
    assert BUGS[name].schedule.steps
    assert BUGS[name].schedule.seed == f"bug-{name}"
    assert BUGS[name].breaks


def test_without_a_bug_the_program_is_the_checkouts(tmp_path: Path) -> None:
    assert NO_BUG.program(tmp_path) == CHECKOUT


def test_a_bug_that_no_longer_fits_is_refused(tmp_path: Path) -> None:
    bug = Bug("old", (Patch("components/rollout/policy.py", "no such line", ""),))
    with pytest.raises(
        CampaignError, match=r"policy\.py does not have .* adapt it in campaign/machines/bugs\.py"
    ):
        bug.program(tmp_path)


def test_a_stale_read_is_shown_as_a_linearizable_one(tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    history.write_text('{"operation": "get", "serializable": true}\n{"operation": "put"}\n')
    BUGS["stale-read"].falsify(history)
    records = [json.loads(line) for line in history.read_text().splitlines()]
    assert records == [{"operation": "get", "serializable": False}, {"operation": "put"}]
