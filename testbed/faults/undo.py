"""The end of a fault, which may have to wait for the end of another one."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from localcloud.machines.commands import run
from localcloud.machines.errors import LocalCloudError, MachineFailedError
from localcloud.machines.machine import NspawnMachine

WAIT = 5.0
"""Seconds for which the end of a block waits."""
LIMIT = 600.0
"""Seconds after which nothing is tried any more."""
PAUSE = 0.5


def undo(attempt: Callable[[], object]) -> None:
    """Call a function until it succeeds. Another fault, such as a paused machine, may prevent that for a while."""

    def keep_trying() -> None:
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            with suppress(LocalCloudError):
                attempt()
                return
            time.sleep(PAUSE)

    thread = Thread(target=keep_trying, daemon=True)
    thread.start()
    thread.join(WAIT)


def inside(machine: NspawnMachine, script: str, limit: float = 30.0) -> str:
    """Run a shell script in a machine and return its output."""
    if machine.paused:
        raise MachineFailedError(f"machine {machine.id} is paused")
    return run(machine.inside(["sh", "-ec", script]), timeout=limit)


def undo_inside(machine: NspawnMachine, script: str, limit: float = 30.0) -> None:
    """Run a shell script in the machine of a fault, unless that is off or deleted."""

    def attempt() -> None:
        if machine.leader() is not None:
            inside(machine, script, limit)

    undo(attempt)
