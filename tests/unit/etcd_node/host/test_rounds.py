"""Rounds of work, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from etcd_node.host.rounds import NOW, run_apart

PROGRAM = """
import os, signal
from etcd_node.host import rounds

rounds.SHORTEST_PAUSE = rounds.LONGEST_PAUSE = 600.0
signal.pthread_sigmask(signal.SIG_BLOCK, {rounds.NOW})
print("ready", flush=True)
loaded = []


def load():
    loaded.append(1)

    def do():
        print("round in", os.getpid(), "loaded", len(loaded), flush=True)
        raise SystemExit("failed")

    return do


rounds.repeat(load)
"""


@pytest.fixture
def repeating() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_each_signal_begins_a_round_in_a_process_of_its_own(repeating: subprocess.Popen[str]) -> None:
    assert repeating.stdout
    lines: list[str] = []
    for _ in range(3):
        repeating.send_signal(NOW)
        lines.append(repeating.stdout.readline())
    assert [line.split()[-2:] for line in lines] == [["loaded", "1"]] * 3
    processes = {line.split()[2] for line in lines}
    assert len(processes) == 3
    assert str(repeating.pid) not in processes


def test_a_round_that_hangs_is_ended_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    run_apart(lambda: time.sleep(60), 0.2)
    assert time.monotonic() - began < 30
    assert "this round did not end within 0 s, and is ended" in capsys.readouterr().err


def test_a_child_of_a_round_does_not_outlive_its_limit() -> None:
    ours, childs = os.pipe()
    with os.fdopen(ours, "rb") as held:
        run_apart(lambda: subprocess.run(["sleep", "60"], pass_fds=[childs], check=False), 0.5)
        os.close(childs)
        began = time.monotonic()
        # This ends when no process holds the other end any more.
        assert held.read() == b""
    assert time.monotonic() - began < 30


def test_a_round_that_fails_says_why_and_the_next_one_runs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ValueError("the reason")

    run_apart(fail, 30)
    assert "ValueError: the reason" in capfd.readouterr().err
    run_apart((tmp_path / "done").touch, 30)
    assert (tmp_path / "done").exists()
