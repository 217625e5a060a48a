"""Questions to the DigitalOcean API beside the guard's looks, which must not wait for the answers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from etcd_node.digitalocean.api import ListingError
from etcd_node.host.journal import warn

T = TypeVar("T")


@dataclass(frozen=True)
class Dated(Generic[T]):
    """An answer, and when it came."""

    value: T
    at: float


class BackgroundPoll(Generic[T]):
    """One question, asked again and again while there is a need to.

    ``wake`` is a file descriptor that a byte is written to when an answer has come. ``unknown`` says what it means
    that none comes.
    """

    def __init__(
        self, ask: Callable[[], T], *, unknown: str, wake: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._question = ask
        self._unknown = unknown
        self._wake = wake
        self._clock = clock
        self._thread = ThreadPoolExecutor(1)
        self._asking: Future[T] | None = None
        self._failures = 0
        self._trouble = ""
        self._asked = -float("inf")
        self._delay = 0.0
        self.answer: Dated[T] | None = None
        """The last one that came. An error is no answer, and leaves it."""

    def pursue(self, pace: float) -> None:
        """Take an answer that has come, and ask when the last question is ``pace`` seconds old, or as old as the
        API wants after an error. Returns at once."""
        self._collect()
        now = self._clock()
        if self._asking is None and now - self._asked >= max(pace, self._delay):
            self._asked = now
            self._asking = self._thread.submit(self._question)
            self._asking.add_done_callback(lambda _: os.write(self._wake, b"."))

    def _collect(self) -> None:
        if self._asking is None or not self._asking.done():
            return
        asked, self._asking = self._asking, None
        try:
            self.answer = Dated(asked.result(), self._clock())
        except ListingError as error:
            self._delay = error.delay(self._failures)
            self._failures += 1
            if str(error) != self._trouble:
                self._trouble = str(error)
                warn(f"{self._unknown}: {error}")
        else:
            self._delay, self._failures, self._trouble = 0.0, 0, ""
