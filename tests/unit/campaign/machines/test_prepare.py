"""A campaign asks for root and installs parts only if it needs machines, and after it has checked its options."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from campaign.command import campaign
from campaign.errors import CampaignError
from campaign.machines.bugs import BUGS
from campaign.machines.carry_out import SCHEDULE
from campaign.machines.prepare import prepare
from localcloud.checkout import CHECKOUT
from localcloud.machines.errors import LocalCloudError

APP = typer.Typer()
APP.command()(campaign)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that install parts. None of them succeeds."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> object:
        commands.append(command)
        return SimpleNamespace(returncode=1)

    prepare.cache_clear()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("campaign.machines.prepare.subprocess", SimpleNamespace(run=run, DEVNULL=None))
    return commands


def ends_for_machines(folder: Path, monkeypatch: pytest.MonkeyPatch, user: int) -> list[object]:
    """How each command that needs machines ends when this user runs it."""
    (folder / SCHEDULE).write_text(BUGS["stale-read"].schedule.model_dump_json())
    monkeypatch.setattr(os, "geteuid", lambda: user)
    commands = (["--schedules", "1"], ["--replay", "."], ["--shrink", "."], ["--bug", "stale-read"])
    return [CliRunner().invoke(APP, options).exception for options in commands]


def test_machines_need_root_before_anything_is_installed(
    tmp_path: Path, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in ends_for_machines(tmp_path, monkeypatch, 1000):
        assert isinstance(error, LocalCloudError)
        assert "needs root" in str(error)
    assert installed == []


def test_machines_need_their_parts(
    tmp_path: Path, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in ends_for_machines(tmp_path, monkeypatch, 0):
        assert isinstance(error, CampaignError)
        assert "not installed" in str(error)
    assert [command[1:] for command in installed] == 4 * [["-m", "localcloud.toolchain"]]


@pytest.mark.parametrize(
    "options",
    [
        ["--help"],
        ["--typo"],
        ["--minutes", "0"],
        ["--clouds", "2", "--bug", "all"],
        ["--bug", "typo"],
        ["--replay", "none-such"],
        ["--model", "1", "--workers", "1"],
    ],
)
def test_what_needs_no_machines_needs_no_root(
    installed: list[list[str]], monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not isinstance(CliRunner().invoke(APP, options).exception, LocalCloudError)
    assert installed == []


def test_make_leaves_root_and_the_setup_to_the_command() -> None:
    planned = subprocess.run(
        ["make", "-n", "campaign", "ARGS=--help"], capture_output=True, text=True, check=True, cwd=CHECKOUT
    ).stdout
    assert planned.splitlines()[-1] == "PYTHONPATH=cloud-init .venv/bin/python -m campaign --help"
    assert "localcloud.toolchain" not in planned
    assert "localcloud.machines.prerequisites" not in planned
