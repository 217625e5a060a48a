"""Requests to the DigitalOcean API in a thread of their own, so that the guard never waits for them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from etcd_node.digitalocean.api import ListingError
from etcd_node.host.backoff import backoff
from etcd_node.host.journal import warn

T = TypeVar("T")


@dataclass(frozen=True)
class Timestamped(Generic[T]):
    """A value, and the time at which it was requested. It may have changed since then."""

    value: T
    at: float


class BackgroundPoll(Generic[T]):
    """One request to the API, repeated for as long as ``poll`` is called.

    ``wake`` is a file descriptor: a byte is written to it when a response has arrived. ``on_failure`` is the start
    of the log line about a failed request: it says what the failure means.
    """

    def __init__(
        self,
        request: Callable[[], T],
        *,
        on_failure: str,
        wake: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._request = request
        self._on_failure = on_failure
        self._wake = wake
        self._clock = clock
        self._thread = ThreadPoolExecutor(1)
        self._pending: Future[T] | None = None
        self._failures = 0
        self._last_error = ""
        self._requested_at = -float("inf")
        self._delay = 0.0
        self.result: Timestamped[T] | None = None
        """The latest result. A failed request leaves it unchanged."""

    def poll(self, interval: float) -> None:
        """Store a result that has arrived, and send the next request when it is due. Returns at once.

        The next request is due ``interval`` seconds after the last one. After an error it is due when the API
        allows it, if that is later.
        """
        self._collect()
        now = self._clock()
        if self._pending is None and now - self._requested_at >= max(interval, self._delay):
            self._requested_at = now
            self._pending = self._thread.submit(self._request)
            self._pending.add_done_callback(lambda _: os.write(self._wake, b"."))

    def _collect(self) -> None:
        if self._pending is None or not self._pending.done():
            return
        done, self._pending = self._pending, None
        try:
            self.result = Timestamped(done.result(), self._requested_at)
        except (ListingError, OSError) as error:
            # A disk may be full.
            wait = error.delay if isinstance(error, ListingError) else backoff
            self._delay = wait(self._failures)
            self._failures += 1
            if str(error) != self._last_error:
                self._last_error = str(error)
                warn(f"{self._on_failure}: {error}")
        else:
            self._delay, self._failures, self._last_error = 0.0, 0, ""
