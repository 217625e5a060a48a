"""``make campaign`` keeps what fails, runs it again and shrinks it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from campaign.command import campaign
from campaign.errors import CampaignError
from campaign.history.present import LOST
from campaign.history.problem import Problem
from campaign.machines.bugs import BUGS, NO_BUG, Bug
from campaign.machines.carry_out import SCHEDULE
from campaign.machines.shorten import Shortest
from campaign.machines.verdict import Verdict
from campaign.models import schedules
from campaign.models.rollout_promises import RolloutModel
from campaign.models.rollout_run import Guards
from campaign.result import Result

CHECKOUT = Path(__file__).parents[3]
APP = typer.Typer()
APP.command()(campaign)
UNSAFE = {"rollout": lambda size: RolloutModel(size, Guards(tags_first=False))}
LOST_WRITE = Shortest(Path("x"), Verdict((Problem(LOST, "m1 lacks a"),), linearizable=True))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def failure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a failing schedule of a model with a bug."""
    monkeypatch.setattr(schedules, "MODELS", UNSAFE)
    monkeypatch.setattr("campaign.models.command.MODELS", UNSAFE)
    ended = CliRunner().invoke(APP, ["--model", "9", "--seed", "7", "--workers", "1"])
    assert ended.exit_code == 1, ended.output
    kept = list((folder / ".cache" / "campaign").iterdir())
    assert kept
    assert all(str(one) in ended.output for one in kept)
    return max(kept, key=lambda one: (one / "choices.json").stat().st_size)


def test_a_campaign_without_failures_ends_with_its_line(folder: Path) -> None:
    ended = CliRunner().invoke(APP, ["--model", "1", "--seed", "7", "--workers", "1"])
    assert ended.exit_code == 0, ended.output
    assert "seed 7" in ended.output
    assert ended.output.splitlines()[-1] == "schedules=4 failed=0 lost=0 linearizable=4"
    assert list(folder.iterdir()) == []


def test_sigterm_ends_it_as_an_interruption_does(folder: Path) -> None:
    command = [sys.executable, "-m", "campaign", "--model", "1000000", "--seed", "7", "--workers", "1"]
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "cloud-init")])}
    with subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert b"seed 7" in run.stdout.readline()
        run.terminate()
        assert run.wait(timeout=30) == 130


def test_without_a_seed_a_new_one_is_printed(folder: Path) -> None:
    runs = [CliRunner().invoke(APP, ["--model", "1", "--workers", "1"]).output for _ in range(2)]
    assert runs[0].splitlines()[0] != runs[1].splitlines()[0]


def test_a_failing_schedule_is_kept_with_a_trace_for_people(failure: Path) -> None:
    trace = (failure / "trace.txt").read_text()
    assert trace.startswith("model rollout, ")
    assert "\nmember-1: its etcd is healthy\n" in trace
    assert "\n   1  " in trace
    assert "Broken promise: a member allows its shutdown only while all others are healthy" in trace
    assert trace.splitlines()[-1].startswith("tags: ")


def test_a_kept_schedule_fails_again_and_is_shrunk(failure: Path) -> None:
    before = json.loads((failure / "choices.json").read_text())["choices"]
    again = CliRunner().invoke(APP, ["--replay", str(failure)])
    assert again.exit_code == 1
    assert (
        again.output == (failure / "trace.txt").read_text() + "schedules=1 failed=1 lost=0 linearizable=0\n"
    )
    shrunk = CliRunner().invoke(APP, ["--shrink", str(failure)])
    assert shrunk.exit_code == 1
    after = json.loads((failure / "choices.json").read_text())["choices"]
    assert len(after) < len(before)
    assert len(after) <= 3
    assert CliRunner().invoke(APP, ["--replay", str(failure)]).output == shrunk.output


def test_a_mended_schedule_passes_when_it_is_run_again(
    failure: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "MODELS", {"rollout": RolloutModel})
    again = CliRunner().invoke(APP, ["--replay", str(failure)])
    assert again.exit_code == 0
    assert again.output.endswith("No promise is broken.\nschedules=1 failed=0 lost=0 linearizable=1\n")


NOTHING_TO_SHRINK = "this schedule does not fail now: there is nothing to shrink\n"


def test_a_models_schedule_that_passes_has_nothing_to_shrink(
    failure: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "MODELS", {"rollout": RolloutModel})
    before = (failure / "choices.json").read_text()
    ended = CliRunner().invoke(APP, ["--shrink", str(failure)])
    assert ended.exit_code == 0
    assert ended.output.endswith(f"{NOTHING_TO_SHRINK}schedules=1 failed=0 lost=0 linearizable=1\n")
    assert (failure / "choices.json").read_text() == before


@pytest.mark.parametrize(
    ("shortest", "status", "said"),
    [
        (None, 0, f"{NOTHING_TO_SHRINK}schedules=1 failed=0 lost=0 linearizable=1\n"),
        (
            LOST_WRITE,
            1,
            "the shortest schedule that fails is in x\nschedules=1 failed=1 lost=1 linearizable=1\n",
        ),
    ],
)
def test_shrinking_a_schedule_of_machines_says_what_came_of_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, shortest: Shortest | None, status: int, said: str
) -> None:
    (folder / SCHEDULE).write_text(BUGS["stale-read"].schedule.model_dump_json())
    monkeypatch.setattr("campaign.machines.command.cloud", nullcontext)
    monkeypatch.setattr("campaign.machines.command.shorten", lambda *_: shortest)
    ended = CliRunner().invoke(APP, ["--shrink", str(folder)])
    assert ended.output == said
    assert ended.exit_code == status


def test_a_replay_says_how_many_choices_it_left_out(failure: Path) -> None:
    kept = json.loads((failure / "choices.json").read_text())
    kept["choices"] = ["nothing", *kept["choices"], "more"]
    (failure / "choices.json").write_text(json.dumps(kept))
    ended = CliRunner().invoke(APP, ["--replay", str(failure)])
    said = f"1 of {len(kept['choices'])} choices are left out: they are not possible in this checkout\n"
    assert ended.output.startswith(said)
    kept["choices"] = ["nothing", "more"]
    (failure / "choices.json").write_text(json.dumps(kept))
    ended = CliRunner().invoke(APP, ["--replay", str(failure)])
    assert ended.output.startswith("2 of 2 choices are left out: ")


@pytest.mark.parametrize("option", [["--replay"], ["--shrink"], ["--bug", "stale-read", "--replay"]])
@pytest.mark.parametrize("name", ["missing", "empty", "empty/schedule.json", "file", "file/more"])
def test_what_is_no_folder_of_a_schedule_is_refused(folder: Path, option: list[str], name: str) -> None:
    (folder / "empty").mkdir()
    (folder / "file").write_text("")
    ended = CliRunner().invoke(APP, [*option, str(folder / name)])
    assert isinstance(ended.exception, CampaignError)
    assert str(ended.exception) == (
        f"{option[-1]} is {folder / name}: there is no such folder, or it has neither schedule.json nor choices.json. "
        "Name a folder of .cache/campaign"
    )


@pytest.mark.parametrize(
    "text", ["{}", '{"model": "none", "members": 3, "seed": "", "start": 0, "choices": []}']
)
def test_a_file_that_is_no_schedule_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "choices.json").write_text(text)
    ended = CliRunner().invoke(APP, ["--replay", str(tmp_path)])
    assert isinstance(ended.exception, CampaignError)
    assert "choices.json" in str(ended.exception)


def test_a_schedule_of_a_model_takes_no_bug(failure: Path) -> None:
    ended = CliRunner().invoke(APP, ["--replay", str(failure), "--bug", "stale-read"])
    assert isinstance(ended.exception, CampaignError)
    assert "has a schedule of a model" in str(ended.exception)


@pytest.mark.parametrize(
    ("bugs", "said"),
    [
        (["none-such"], "choose of"),
        ([], ""),
        (["all"], "one bug"),
        (["all", "none-such"], "choose of"),
        (list(BUGS)[:2], "one bug"),
    ],
)
def test_a_kept_schedule_takes_one_known_bug(
    folder: Path, monkeypatch: pytest.MonkeyPatch, bugs: list[str], said: str
) -> None:
    name, bug = next(iter(BUGS.items()))
    (folder / SCHEDULE).write_text(bug.schedule.model_dump_json())
    active: list[Bug] = []

    def run_all(*_: object, bug: Bug, **__: object) -> Result:
        active.append(bug)
        return Result()

    monkeypatch.setattr("campaign.machines.command.run_all", run_all)
    options = [word for one in bugs for word in ("--bug", one)]
    ended = CliRunner().invoke(APP, ["--replay", str(folder), *options])
    if said:
        assert isinstance(ended.exception, CampaignError)
        assert said in str(ended.exception)
    CliRunner().invoke(APP, ["--replay", str(folder), "--bug", name])
    assert active == ([bug] if said else [NO_BUG, bug])


@pytest.mark.parametrize(
    ("bugs", "proven"),
    [
        (["all"], list(BUGS)),
        (["stale-read", "all"], list(BUGS)),
        (["stale-read", "write-dropped", "stale-read"], ["stale-read", "write-dropped"]),
    ],
)
def test_each_bug_is_proven_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, bugs: list[str], proven: list[str]
) -> None:
    begun: list[str] = []

    def prove(_cloud: object, names: list[str], *_: object) -> int:
        begun.extend(names)
        return 1

    monkeypatch.setattr("campaign.machines.command.cloud", nullcontext)
    monkeypatch.setattr("campaign.machines.command.prove", prove)
    ended = CliRunner().invoke(APP, [word for one in bugs for word in ("--bug", one)])
    assert begun == proven
    assert ended.output == f"bugs={len(proven)} found=1\n"
    assert ended.exit_code == 1


def test_a_bug_that_is_unknown_is_refused_beside_all(folder: Path) -> None:
    ended = CliRunner().invoke(APP, ["--bug", "all", "--bug", "typo"])
    assert isinstance(ended.exception, CampaignError)
    assert str(ended.exception) == f"--bug is typo: choose of {', '.join(BUGS)}, all"
