"""A run tells a console what it does, and nothing without one."""

from __future__ import annotations

import asyncio
import fcntl
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime.config import set_all_config

from components.config.running_clusters import RunningCluster, failing_last, reporting_failure, running
from components.run_log import log, run_file
from components.run_log.events import Gate, Said
from components.run_log.folder import FOLDER_VARIABLE, is_private, run_folder
from components.run_log.report import report, reported_wait


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    monkeypatch.setattr(pulumi.log, "warn", lambda _: None)
    return tmp_path


@pytest.fixture
def console(root: Path) -> Path:
    """The folder that an open console has made."""
    folder = run_folder(pulumi.get_project(), pulumi.get_stack())
    folder.mkdir(parents=True, mode=0o700)
    return folder


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


def events(folder: Path) -> list[dict[str, Any]]:
    (file,) = files(folder)
    return [json.loads(line) for line in file.read_text().splitlines()]


def kinds(folder: Path) -> list[str]:
    return [event["event"] for event in events(folder)]


async def test_without_a_console_nothing_is_written(root: Path) -> None:
    log.info("a line")
    assert list(root.iterdir()) == []


async def test_with_a_console_a_run_writes_what_it_does(console: Path) -> None:
    log.info("a line")
    report(Gate(member="etcd-server-1.example.test", state="asked"))
    assert kinds(console) == ["began", "said", "gate"]
    assert [event["time"] > 1.7e9 for event in events(console)] == [True] * 3


async def test_a_console_that_opens_later_learns_what_was_before(root: Path) -> None:
    log.info("a line")
    folder = run_folder(pulumi.get_project(), pulumi.get_stack())
    folder.mkdir(parents=True, mode=0o700)
    with reported_wait("Cluster") as wait_for:
        wait_for("a member")
        assert kinds(folder) == ["began", "said", "waiting"]


async def test_a_wait_is_written_once_while_its_text_is_the_same(console: Path) -> None:
    with reported_wait("Cluster") as wait_for:
        for text in ("a member", "a member", "another member"):
            wait_for(text)
    assert kinds(console) == ["began", "waiting", "waiting", "waited"]


async def test_a_wait_that_waits_for_nothing_is_not_written(console: Path) -> None:
    log.info("a line")
    with reported_wait("Cluster"):
        pass
    assert kinds(console) == ["began", "said"]


async def test_only_the_user_can_read_the_file(console: Path) -> None:
    log.info("a line")
    assert stat.S_IMODE(files(console)[0].stat().st_mode) == 0o600


async def test_the_file_is_locked_while_the_run_goes_on(console: Path) -> None:
    log.info("a line")
    assert is_locked(files(console)[0])


def is_locked(file: Path) -> bool:
    with file.open() as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_the_next_run_in_a_process_ends_the_lock_of_the_one_before(console: Path) -> None:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(_say("a line"))
    loop.close()
    (first,) = files(console)
    assert is_locked(first)
    asyncio.run(_say("a line"))
    assert not is_locked(first)


async def test_a_folder_that_others_can_read_gets_nothing(console: Path) -> None:
    console.chmod(0o755)
    log.info("a line")
    assert files(console) == []


def test_a_link_is_no_folder_of_a_console(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(target)
    assert is_private(target)
    assert not is_private(tmp_path / "link")


async def test_a_failing_disk_does_not_fail_a_run(console: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(run_file.RunFile, "append", full)
    log.info("a line")
    with reported_wait("Cluster") as wait_for:
        wait_for("a member")


async def test_an_error_inside_a_wait_is_the_callers(console: Path) -> None:
    async def wait() -> None:
        with reported_wait("Cluster") as wait_for:
            wait_for("a member")
            await _refuse()

    with pytest.raises(pulumi.RunError, match="unhealthy"):
        await wait()
    assert kinds(console)[-2:] == ["ended", "waited"]


def test_the_files_of_the_last_runs_are_kept(console: Path) -> None:
    for number in range(run_file.KEPT_FILES + 3):
        (console / f"{number:019}-1-run.jsonl").touch()
    asyncio.run(_say("a line"))
    assert len(files(console)) == run_file.KEPT_FILES
    assert files(console)[0].name.startswith(f"{4:019}")


@pytest.fixture
def secret() -> Iterator[str]:
    value = "dop_v1_7c1f"
    set_all_config({"digitalocean:token": value, "etcd:size": "3"}, ["digitalocean:token"])
    yield value
    set_all_config({}, [])


async def test_secrets_of_the_configuration_are_not_written(console: Path, secret: str) -> None:
    log.warn(f"the token {secret} was refused with etcd:size 3")
    text = files(console)[0].read_text()
    assert secret not in text
    assert "the token [secret] was refused with etcd:size 3" in text


async def test_secrets_inside_a_structure_are_not_written(console: Path) -> None:
    set_all_config({"etcd:keys": '[{"key": "inner-secret"}]'}, ["etcd:keys"])
    try:
        report(Said(severity="info", text="key inner-secret"))
    finally:
        set_all_config({}, [])
    assert "inner-secret" not in files(console)[0].read_text()


@failing_last
async def _refuse() -> None:
    raise pulumi.RunError("a member is unhealthy")


async def _say(text: str) -> None:
    log.info(text)


async def test_a_refusal_is_written_with_its_cluster(console: Path) -> None:
    with running(RunningCluster("etcd-etcd-fra1", 1)), pytest.raises(pulumi.RunError):
        await _refuse()
    end = events(console)[-1]
    assert (end["cluster"], end["outcome"], end["reason"]) == (
        "etcd-etcd-fra1",
        "refused",
        "a member is unhealthy",
    )


async def test_another_error_than_a_refusal_is_a_failure(console: Path) -> None:
    with pytest.raises(ValueError, match="wrong"), reporting_failure():
        raise ValueError("wrong")
    assert (events(console)[-1]["cluster"], events(console)[-1]["outcome"]) == ("", "failed")


def test_the_folder_is_below_the_users_state(tmp_path: Path) -> None:
    home = {"HOME": "/home/ada"}
    assert run_folder("etcd", "fra1", home) == Path("/home/ada/.local/state/etcd-console/etcd/fra1")
    state = {**home, "XDG_STATE_HOME": "/state"}
    assert run_folder("etcd", "fra1", state) == Path("/state/etcd-console/etcd/fra1")
    relative = {**home, "XDG_STATE_HOME": "state"}
    assert run_folder("etcd", "fra1", relative) == run_folder("etcd", "fra1", home)
    assert run_folder("etcd", "fra1", {**state, FOLDER_VARIABLE: "/logs"}) == Path("/logs/etcd/fra1")


def test_all_of_the_program_says_its_lines_to_the_console_as_well() -> None:
    components = Path(log.__file__).parents[1]
    direct = [
        file.name
        for file in components.rglob("*.py")
        if file.parent.name != "run_log" and "pulumi.log." in file.read_text()
    ]
    assert direct == []
