"""Repeat work in rounds, each in a process of its own.

The processes are forked from one that has imported what a round needs, since Python takes ten times as long for the
imports as for a usual round. So a round that fails, hangs or leaks does not reach the next one.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import signal
from collections.abc import Callable
from typing import Never

from etcd_node.host.journal import warn

SHORTEST_PAUSE, LONGEST_PAUSE = 12.0, 18.0
"""Seconds between two rounds. They are chosen by chance, so that the members do not all ask at the same time."""

LIMIT = 120.0
"""Seconds that a round may take."""

NOW = signal.SIGURG
"""The signal for a round without a pause, which ``systemctl reload`` sends. A process that starts ignores it."""


def repeat(load: Callable[[], Callable[[], object]]) -> Never:
    """Run rounds for ever. ``load`` imports what they need, and returns what a round does.

    The first one comes after a pause: during the boot, etcd's start is more urgent.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {NOW})
    _pause()
    do = load()
    gc.freeze()
    while True:
        run_apart(do, LIMIT)
        _pause()


def run_apart(do: Callable[[], object], limit: float) -> None:
    """Run ``do`` in a process of its own. After ``limit`` seconds, end it and the commands that it runs."""

    def lead() -> None:
        os.setpgid(0, 0)
        do()

    process = multiprocessing.get_context("fork").Process(target=lead)
    process.start()
    process.join(limit)
    if process.is_alive() and process.pid:
        warn(f"this round did not end within {limit:.0f} s, and is ended")
        os.killpg(process.pid, signal.SIGKILL)
        process.join()


def _pause() -> None:
    signal.sigtimedwait({NOW}, random.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))  # noqa: S311 - not for cryptography
