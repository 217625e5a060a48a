"""Answer the connections to a socket that systemd listens on, each in a process of its own.

The processes are forked from one that has imported what an answer needs, since Python takes longer for the imports than
for a usual answer. So an answer that fails, hangs or leaks does not reach the next one. Nothing runs while nobody asks.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable
from multiprocessing.process import BaseProcess

IDLE = 300.0
"""Seconds without a connection, after which this process ends. systemd starts it again for the next one."""

LIMIT = 10
"""Seconds that an answer may take."""

MOST, MOST_OF_ONE = 16, 4
"""Connections that are answered at a time, of all addresses together and of one. A further one is closed."""


def answer(listening: socket.socket, do: Callable[[socket.socket], object]) -> None:
    """Run ``do`` with each connection, until none has come for a while."""
    fork = multiprocessing.get_context("fork")
    sources: dict[BaseProcess, str] = {}
    gc.freeze()
    listening.settimeout(IDLE)
    with contextlib.suppress(TimeoutError):
        while True:
            connection, (source, _) = listening.accept()
            with connection:
                sources = {process: its for process, its in sources.items() if process.is_alive()}
                if len(sources) < MOST and list(sources.values()).count(source) < MOST_OF_ONE:
                    process = fork.Process(target=_answer_one, args=(do, connection))
                    process.start()
                    sources[process] = source


def _answer_one(do: Callable[[socket.socket], object], connection: socket.socket) -> None:
    # With the commands that it runs, which would live on.
    os.setpgid(0, 0)
    signal.signal(signal.SIGALRM, _end_group)
    signal.alarm(LIMIT)
    do(connection)


def _end_group(*_: object) -> None:
    os.killpg(0, signal.SIGKILL)
