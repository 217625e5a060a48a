"""A local cloud that runs keeps its limits, also when newer code starts its API again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from localcloud.machines import layout
from localcloud.machines.api_process import REQUESTS_PER_MINUTE, SHUTDOWN_SECONDS, ApiProcess
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.layout import Layout


class Group:
    """A control group whose process ends if its first limit is no number."""

    def __init__(self) -> None:
        self.running = False
        self.spawned: list[list[str]] = []

    def populated(self) -> bool:
        return self.running

    def spawn(self, argv: Sequence[str | Path], **_: object) -> None:
        words = [str(word) for word in argv]
        self.spawned.append(words[words.index("--releases") + 2 :])
        self.running = "abc" not in words

    def signal(self, number: int) -> None:
        del number
        self.running = False

    def wait_empty(self, limit: float) -> None:
        """It is."""

    def remove(self) -> None:
        """There is none."""


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ApiProcess, Group]:
    monkeypatch.setattr(layout, "RUN_ROOT", tmp_path / "run")
    for variable in (REQUESTS_PER_MINUTE, SHUTDOWN_SECONDS):
        monkeypatch.delenv(variable, raising=False)
    local = Layout("mine", tmp_path / "state")
    local.run.mkdir(parents=True)
    process, group = ApiProcess(local), Group()
    monkeypatch.setattr(process, "_cgroup", group)
    monkeypatch.setattr(process, "_unready", lambda: None if group.running else "it has ended")
    return process, group


def test_newer_code_starts_with_the_limits_of_before(
    api: tuple[ApiProcess, Group], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, group = api
    monkeypatch.setenv(REQUESTS_PER_MINUTE, "2500")
    process.ensure(tmp_path)
    monkeypatch.setenv(REQUESTS_PER_MINUTE, "7")
    monkeypatch.setenv(SHUTDOWN_SECONDS, "9")
    monkeypatch.setattr(process, "_outdated", lambda: True)
    process.ensure(tmp_path)
    assert group.spawned == [["--requests-per-minute", "2500"]] * 2


def test_an_invalid_limit_is_not_kept(
    api: tuple[ApiProcess, Group], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, group = api
    monkeypatch.setenv(REQUESTS_PER_MINUTE, "abc")
    with pytest.raises(LocalCloudError, match="the API process ended"):
        process.ensure(tmp_path)
    monkeypatch.setenv(REQUESTS_PER_MINUTE, "2500")
    process.ensure(tmp_path)
    assert group.spawned[-1] == ["--requests-per-minute", "2500"]
