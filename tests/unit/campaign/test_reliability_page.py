"""docs/reliability.md and --help name what the campaign has."""

from __future__ import annotations

import re

import pytest
import typer
from typer.testing import CliRunner

from campaign.command import campaign
from campaign.machines.bugs import BUGS
from campaign.models.schedules import MODELS
from campaign.options import USES
from campaign.schedule.documents import FaultKind
from campaign.schedule.draw import draw
from localcloud.checkout import CHECKOUT

APP = typer.Typer()
APP.command()(campaign)
PAGE = (CHECKOUT / "docs" / "reliability.md").read_text(encoding="utf-8")
OPTIONS = USES.keys() | {name for use in USES.values() for name in use.takes}


@pytest.fixture(scope="module")
def help_text() -> str:
    return CliRunner().invoke(APP, ["--help"], env={"COLUMNS": "300"}).output


def test_the_table_of_options_has_each_option_once(help_text: str) -> None:
    assert sorted(re.findall(r"^\| `(--\w+)", PAGE, re.MULTILINE)) == sorted(OPTIONS)
    assert {*re.findall(r"^\W*(--\w+) ", help_text, re.MULTILINE)} == {*OPTIONS, "--help"}


def test_page_and_help_name_the_last_line_of_bugs(help_text: str) -> None:
    assert "bugs=N found=N" in PAGE
    assert "bugs=N found=N" in help_text


def test_page_and_help_name_each_bug(help_text: str) -> None:
    assert re.findall(r"^\| `([a-z-]+)`: ", PAGE, re.MULTILINE) == list(BUGS)
    assert all(name in help_text for name in BUGS)


def test_the_page_names_each_model() -> None:
    assert all(f"`{name}`" in PAGE for name in MODELS)


def test_the_figures_count_all_kinds_of_faults_which_are_all_drawn() -> None:
    drawn = {
        fault.kind for number in range(300) for step in draw(f"7-{number}").steps for fault in step.faults
    }
    assert drawn == set(FaultKind)
    assert f"of all {len(FaultKind)} kinds" in PAGE
