"""Waits for an API object to reach a state, with a time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, wait
from dataclasses import dataclass, field

from localcloud.plugins.errors import ProviderError

_FIRST_PAUSE = 0.1
_SHORT_PAUSE = 0.25
_LONGEST_PAUSE = 1.0
_GROWTH = 1.5

_CHECK_INTERVAL = 0.05
"""Seconds between two checks of the limits while a read is under way."""
GRACE = 30.0
"""Seconds by which a read that is under way may exceed the limit of a wait, but no deadline."""

LONGEST_ABSENCE = 20 * 60.0
"""Seconds for which an object may be invisible, as long as Terraform's SDK needs for 121 polls of a droplet."""


class Deadline:
    """The time at which an operation ends, whatever it still waits for, like a context's deadline in Go."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then. Raises ``ProviderError`` if there are none."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise ProviderError("context deadline exceeded")
        return seconds


@dataclass(frozen=True)
class Waiter:
    """Polls until a state is reached.

    The pauses grow from 0.1 s to 0.25 s, since the local API is fast. After that they grow with the elapsed time, since
    the API allows 250 requests a minute.
    """

    cancelled: threading.Event = field(default_factory=threading.Event)
    """An event that is set when the user stops the run."""
    first_pause: float = _FIRST_PAUSE
    """Seconds of the first pause."""

    def until(
        self,
        target: str,
        pending: Collection[str],
        read: Callable[[], str | None],
        timeout: float,
        *,
        pause: float = 0,
        deadline: Deadline | None = None,
    ) -> None:
        """Wait up to ``timeout`` seconds until ``read`` returns ``target``; ``None`` means that nothing is visible yet.

        The first ``read`` comes after ``pause`` seconds. The wait ends at the ``deadline`` at the latest, whose error
        comes first if both are over. The error texts are those of Terraform's ``retry.StateChangeConf``.
        An object that stays invisible for ``LONGEST_ABSENCE`` is an error as well.
        """
        started = time.monotonic()
        end = started + timeout
        self._sleep(pause, deadline)
        pause = self.first_pause
        invisible_since: float | None = None
        state: str | None = None

        def timed_out() -> ProviderError:
            return ProviderError(
                f"timeout while waiting for state to become '{target}' "
                f"(last state: '{state or ''}', timeout: {go_duration(timeout)})"
            )

        while True:
            reading = _started(read)
            while not wait([reading], _CHECK_INTERVAL).done:
                self._sleep(0, deadline)
                if time.monotonic() > end + GRACE:
                    raise timed_out()
            state = reading.result()
            if state == target:
                return
            invisible_since = (invisible_since or time.monotonic()) if state is None else None
            if invisible_since and time.monotonic() - invisible_since >= LONGEST_ABSENCE:
                raise ProviderError("couldn't find resource (121 retries)")
            if state is not None and state not in pending:
                raise ProviderError(
                    f"unexpected state '{state}', wanted target '{target}'. last error: %!s(<nil>)"
                )
            left = end - time.monotonic()
            if left <= 0:
                if deadline is not None:
                    deadline.left()
                raise timed_out()
            self._sleep(min(pause, left), deadline)
            longest = min(max(_SHORT_PAUSE, (time.monotonic() - started) / 4), _LONGEST_PAUSE)
            pause = min(pause * _GROWTH, longest)

    def _sleep(self, seconds: float, deadline: Deadline | None) -> None:
        self.pause(seconds if deadline is None else min(seconds, deadline.left()))

    def pause(self, seconds: float) -> None:
        """Sleep. Raises ``ProviderError`` if the run is stopped."""
        if self.cancelled.wait(seconds):
            raise ProviderError("context canceled")


def _started(read: Callable[[], str | None]) -> Future[str | None]:
    """Read in a thread of its own, since the limits of a wait hold for a silent API as well."""
    answer: Future[str | None] = Future()

    def run() -> None:
        try:
            answer.set_result(read())
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return answer


def go_duration(seconds: float) -> str:
    """Return a duration in Go's format: ``1m0s``, ``2h0m0s``, ``1.5s``."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:g}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text
