"""Parts of the local cloud that are built at once."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from localcloud.toolchain import cache, progress
from localcloud.toolchain.errors import ToolchainError
from localcloud.toolchain.process import run
from localcloud.toolchain.progress import Work
from localcloud.toolchain.together import run_together

WORK = Work("Making a thing", "a test needs it", "no time", "nothing")
KEY = "0123456789abcdef" * 4


def ignore(line: str) -> None:
    """Show nothing."""


def sleep() -> str:
    run(["sleep", "60"], show=ignore, limit=90)
    return "slept"


def fail() -> str:
    run(["false"], show=ignore, limit=10)
    return "done"


def test_jobs_run_at_once_and_return_their_results_in_order() -> None:
    both = threading.Barrier(2)

    def job(name: str) -> str:
        both.wait(20)
        return name

    assert run_together(lambda: job("a"), lambda: job("b")) == ["a", "b"]


def test_an_error_ends_the_commands_of_the_other_jobs() -> None:
    began = time.monotonic()
    with pytest.raises(ToolchainError, match="`false` failed"):
        run_together(sleep, fail)
    assert time.monotonic() - began < 30


def test_no_command_begins_after_an_error() -> None:
    failed = threading.Event()

    def late() -> str:
        assert failed.wait(20)
        time.sleep(0.2)
        with pytest.raises(ToolchainError, match="was not begun"):
            run(["true"], show=ignore, limit=10)
        raise RuntimeError("reached")

    def broken() -> str:
        failed.set()
        raise ToolchainError("broken")

    with pytest.raises(ToolchainError, match="broken"):
        run_together(late, broken)


def test_commands_begin_again_after_an_error() -> None:
    with pytest.raises(ToolchainError):
        run_together(fail)
    run(["true"], show=ignore, limit=10)


def test_an_interruption_ends_the_wait_for_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    waiting = threading.Event()

    def say(text: str) -> None:
        waiting.set()

    monkeypatch.setattr(cache, "say", say)

    def wait() -> str:
        return str(cache.ensure("thing", KEY[::-1], WORK, lambda folder, show: None))

    def interrupt() -> str:
        assert waiting.wait(20)
        raise KeyboardInterrupt

    def build(folder: Path, show: cache.Show) -> None:
        with pytest.raises(KeyboardInterrupt):
            run_together(wait, interrupt)

    cache.ensure("thing", KEY, WORK, build)
    assert [path.name for path in (tmp_path / "etcd-localcloud").iterdir() if path.is_dir()] == [
        "thing-0123456789abcdef"
    ]


def test_each_work_that_goes_on_shows_its_own_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.0)
    with progress.announced(WORK) as show:
        show("a line")
    assert "  Making a thing 0:00: a line" in capsys.readouterr().err.splitlines()
