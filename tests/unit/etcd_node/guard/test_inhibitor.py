"""The child process that holds logind's inhibitor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from etcd_node.guard.inhibitor import RETRY_INTERVAL, Inhibitor

STAND_IN = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[2:]))"
"""Runs its command as ``systemd-inhibit`` does, without the reason."""


def inhibitor() -> Inhibitor:
    return Inhibitor([sys.executable, "-c", STAND_IN])


def test_an_inhibitor_is_held_until_it_is_released() -> None:
    held = inhibitor()
    assert not held.held
    assert held.hold("m3 is unhealthy")
    assert held.held
    held.release()
    assert not held.held
    held.release()


def test_a_new_reason_replaces_the_old_one_without_a_gap(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = f'echo begin "$1" >>{log}; shift; "$@"; echo end >>{log}'
    held = Inhibitor(["sh", "-c", script, "sh"])
    assert held.hold("m3")
    assert held.hold("m3")
    assert held.hold("m2")
    held.release()
    assert log.read_text().splitlines() == ["begin --why=m3", "begin --why=m2", "end", "end"]


def test_after_a_rejection_logind_is_not_asked_again_at_once(tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    refused = Inhibitor(["sh", "-c", f"echo >>{tries}; exit 1"])
    began = time.monotonic()
    while time.monotonic() - began < RETRY_INTERVAL / 2:
        assert not refused.hold("m3")
    assert tries.read_text() == "\n"
    assert not refused.held


def test_the_inhibitor_ends_with_the_guard_even_when_it_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from etcd_node.guard.inhibitor import Inhibitor\n"
        f"Inhibitor(['sh', '-c', 'echo $$ >{tmp_path}/pid; shift; exec \"$@\"', 'sh']).hold('x')\n"
        "print('held', flush=True); time.sleep(60)"
    )
    guard = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4] / "cloud-init")},
    )
    assert guard.stdout is not None
    assert guard.stdout.readline() == b"held\n"
    child = int((tmp_path / "pid").read_text())
    guard.send_signal(signal.SIGKILL)
    guard.wait()
    give_up = time.monotonic() + 30
    while not ended(child):
        assert time.monotonic() < give_up
        time.sleep(0.05)


def ended(process: int) -> bool:
    """Whether a process has ended. Its parent may not have looked yet."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return True
