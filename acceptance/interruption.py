"""Signals: the first one interrupts the run, so that everything is deleted. Later ones do not stop the deletion."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Raises ``KeyboardInterrupt`` at the first signal, and at no other one."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._ends_the_run = True

    def install(self) -> None:
        """Receive the signals from now on. One that is ignored, as by nohup, stays so."""
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._receive)

    def disarm(self) -> None:
        """Do not interrupt any more: the deletion begins."""
        self._ends_the_run = False

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self._ends_the_run:
            self._ends_the_run = False
            raise KeyboardInterrupt
        self._say("Everything is being deleted: please wait")
