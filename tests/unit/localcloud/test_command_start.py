"""What a command of ``localcloud`` loads before it does anything."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest


def test_no_command_waits_for_the_import_of_the_pulumi_sdk() -> None:
    loaded = "import localcloud.cli.main, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    names = subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True).stdout
    assert "localcloud" in names.split()
    assert "pulumi" not in names.split()


@pytest.mark.parametrize(
    ("before", "ended"),
    [("default_int_handler", -signal.SIGINT), ("SIG_IGN", 3)],
    ids=["foreground", "background"],
)
def test_ctrl_c_during_the_import_prints_no_traceback(before: str, ended: int) -> None:
    interrupted = f"""
import os, signal, sys
from localcloud.cli import start
signal.signal(signal.SIGINT, signal.{before})
def import_module(name):
    os.kill(os.getpid(), signal.SIGINT)
    sys.exit(3)
start.import_module = import_module
start.main()
"""
    done = subprocess.run([sys.executable, "-c", interrupted], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (ended, "")
