"""A command runs with its lines shown, and gets the interruption of this program."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from acceptance.command import run

TRAPPED = "trap 'echo ended its work; exit 7' INT; echo began; while :; do sleep 0.05; done"


def test_a_command_gives_its_code_and_both_of_its_outputs(tmp_path: Path) -> None:
    shown: list[str] = []
    result = run(["sh", "-c", "pwd; echo wrong >&2; exit 3"], tmp_path, shown.append, limit=10)
    assert (result.code, result.output) == (3, f"{tmp_path}\nwrong")
    assert shown == [str(tmp_path), "wrong"]


def test_an_interruption_lets_the_command_end_its_work(tmp_path: Path) -> None:
    shown: list[str] = []

    def show(line: str) -> None:
        shown.append(line)
        if line == "began":
            threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGINT]).start()

    with pytest.raises(KeyboardInterrupt):
        run(["sh", "-c", TRAPPED], tmp_path, show, limit=10)
    assert shown[0] == "began"
    assert shown[-1] == "ended its work"


def test_a_command_is_interrupted_at_the_end_of_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = threading.Event()

    class TimerOfBegunWork(threading.Timer):
        """Counts from the line on with which the command has set its trap."""

        def run(self) -> None:
            began.wait(60)
            super().run()

    def show(line: str) -> None:
        if line == "began":
            began.set()

    monkeypatch.setattr("acceptance.command.threading.Timer", TimerOfBegunWork)
    result = run(["sh", "-c", TRAPPED], tmp_path, show, limit=0.3)
    assert result.code == 7
    assert "ended its work\nit did not end within 0 s, and was interrupted" in result.output
