"""What a run of the program tells a console that is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pulumi
import pytest

from components.droplets.member_droplets import MemberDroplets
from components.etcd.cluster_client import ClusterClient
from components.etcd.member_status import NoStatus, Observation
from components.run_log.events import DropletStep, Ended, Event, Members, Waiting
from components.run_log.folder import FOLDER_VARIABLE, run_folder
from console.runs.reader import RunReader, parse_events
from console.runs.summary import summarize
from tests.component.conftest import SETTINGS_OF_TESTS, PlanOf
from tests.component.test_run import LATER, answer_as
from tests.unit.components.rollout.running_members import NAMES, observed

SECRETS = (SETTINGS_OF_TESTS["discoveryToken"], "-----BEGIN", "backup-secret")


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunReader:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    reader = RunReader(run_folder("etcd", "fra1"))
    reader.open()
    return reader


def written() -> list[Event]:
    return [
        event for file in run_folder("etcd", "fra1").iterdir() for event in parse_events(file.read_bytes())
    ]


def waiting_for_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the second member be unhealthy when it is asked the first times."""
    asked = 0

    async def observe(_: ClusterClient) -> Mapping[str, Observation]:
        nonlocal asked
        asked += 1
        return {**observed(), NAMES[1]: NoStatus("it is down")} if asked <= 3 else observed()

    async def power_on(*_: object) -> None:
        pass

    answer_as(monkeypatch, observe)
    monkeypatch.setattr(MemberDroplets, "power_on", power_on)


def backups() -> Mapping[str, str]:
    return {"backupBucket": "etcd", "backupAccessKey": "key", "backupSecretKey": SECRETS[2]}


def test_the_waits_of_a_run_reach_the_console(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch, console: RunReader
) -> None:
    waiting_for_the_second(monkeypatch)
    plan_of(preview=False, bootstrap=LATER, droplets=3)
    events = written()
    assert [event.members for event in events if isinstance(event, Members)] == [[*NAMES]]
    assert [(event.purpose, event.text) for event in events if isinstance(event, Waiting)] == [
        ("Cluster etcd-etcd-fra1", f"{NAMES[1]}: it is down")
    ]
    assert _steps(events) == dict.fromkeys(NAMES, "unchanged")
    run = summarize("1", events, locked=False)
    assert (run.command, run.outcome, len(run.lines)) == ("up", "succeeded", 1)


def test_a_preview_is_told_as_one(plan_of: PlanOf, console: RunReader) -> None:
    plan_of(bootstrap=LATER, droplets=3)
    assert (run := console.read().last) is not None
    assert (run.command, run.outcome) == ("preview", "succeeded")


def test_the_preview_of_a_new_cluster_is_told_to_its_end(plan_of: PlanOf, console: RunReader) -> None:
    plan_of()
    assert (run := console.read().last) is not None
    assert (run.command, run.outcome, len(run.steps)) == ("preview", "succeeded", 3)


def test_a_wrong_setting_is_told_to_the_console(plan_of: PlanOf, console: RunReader) -> None:
    with pytest.raises(pulumi.RunError, match="etcd:size is 4"):
        plan_of(size=4)
    assert (run := console.read().last) is not None
    assert run.outcome == "refused"
    assert "etcd:size is 4" in run.reason


def test_no_secret_reaches_the_console(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch, console: RunReader
) -> None:
    waiting_for_the_second(monkeypatch)
    plan_of(preview=False, bootstrap=LATER, droplets=3, **backups())
    (file,) = run_folder("etcd", "fra1").iterdir()
    text = file.read_text()
    assert "it is down" in text
    assert [secret for secret in SECRETS if secret in text] == []


def test_a_run_without_a_console_leaves_no_file(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    waiting_for_the_second(monkeypatch)
    plan_of(preview=False, bootstrap=LATER, droplets=3)
    assert list(tmp_path.iterdir()) == []


def _steps(events: Sequence[Event]) -> dict[str, str]:
    return {event.member: event.state for event in events if isinstance(event, DropletStep)}


def test_the_end_of_a_cluster_is_told_once(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch, console: RunReader
) -> None:
    waiting_for_the_second(monkeypatch)
    plan_of(preview=False, bootstrap=LATER, droplets=3)
    assert [event.outcome for event in written() if isinstance(event, Ended)] == ["succeeded"]
