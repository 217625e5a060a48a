"""An option that would have no effect is refused, before anything begins."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from campaign.command import campaign
from campaign.errors import CampaignError
from campaign.options import USES, check_options
from campaign.result import Result

APP = typer.Typer()
APP.command()(campaign)
VALUES = {
    "--minutes": "9",
    "--schedules": "2",
    "--model": "1",
    "--seed": "1",
    "--clouds": "3",
    "--workers": "1",
    "--replay": "F",
    "--shrink": "F",
    "--bug": "stale-read",
    "--keep": "",
}
ON_MACHINES = {"--seed", "--clouds", "--keep"}
TOGETHER = [
    {"--replay", "--bug"},
    {"--shrink", "--bug"},
    {"--model", "--seed", "--workers"},
    {"--schedules", *ON_MACHINES},
    {"--minutes", *ON_MACHINES},
]
"""Options that all have an effect."""

APART = [pair for pair in combinations(VALUES, 2) if not any({*pair} <= options for options in TOGETHER)]
"""Pairs of which one has no effect."""


@pytest.mark.parametrize("pair", APART, ids=" ".join)
def test_two_options_of_which_one_has_no_effect_are_refused(pair: tuple[str, str]) -> None:
    ended = CliRunner().invoke(APP, [word for name in pair for word in (name, VALUES[name]) if word])
    assert isinstance(ended.exception, CampaignError)
    said = str(ended.exception)
    assert "--workers is set without --model" in said or all(name in said for name in pair)


def test_all_options_without_an_effect_are_named_together() -> None:
    with pytest.raises(CampaignError) as refused:
        check_options(["--model", "--workers", "--seed", "--clouds", "--keep"])
    assert str(refused.value) == (
        "--clouds and --keep are set beside --model, which runs new schedules of the models, without machines: they "
        "have no effect there. Leave them out, or leave out --model"
    )


def test_workers_need_models() -> None:
    with pytest.raises(CampaignError, match="--workers is set without --model"):
        check_options(["--workers"])


@pytest.mark.parametrize("options", TOGETHER)
def test_options_that_go_together_are_taken(options: set[str]) -> None:
    check_options(sorted(options))


def test_without_what_it_does_a_campaign_takes_options_of_machines() -> None:
    check_options(sorted(ON_MACHINES))
    check_options([])


def test_each_option_is_known() -> None:
    assert VALUES.keys() == USES.keys() | {name for use in USES.values() for name in use.takes}


@pytest.mark.parametrize("minutes", ["0", "-1", "nan"])
def test_no_time_is_refused(minutes: str) -> None:
    ended = CliRunner().invoke(APP, ["--minutes", minutes])
    assert isinstance(ended.exception, CampaignError)
    assert str(ended.exception).startswith(f"--minutes is {minutes}: ")


@pytest.mark.parametrize(
    ("options", "limit", "clouds"),
    [
        ([], "for 5 minutes", 1),
        (["--minutes", "0.5", "--clouds", "3"], "for 0.5 minutes", 3),
        (["--schedules", "2"], "2 schedules", 1),
    ],
)
def test_a_campaign_has_its_time_or_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], limit: str, clouds: int
) -> None:
    begun: list[tuple[str, int]] = []

    def run_drawn(_console: object, _seed: int, limit: object, clouds: int, *_: object, keep: bool) -> Result:
        begun.append((str(limit), clouds))
        return Result()

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("campaign.machines.command.run_drawn", run_drawn)
    assert CliRunner().invoke(APP, options).exit_code == 0
    assert begun == [(limit, clouds)]
