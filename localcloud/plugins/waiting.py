"""Waiting for an API object to reach a state, with a time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from localcloud.plugins.errors import ProviderError

_FIRST_PAUSE = 0.1
_SHORT_PAUSE = 0.25
_LONGEST_PAUSE = 1.0
_GROWTH = 1.5


@dataclass(frozen=True)
class Waiter:
    """Polls until a state is reached. The pauses grow from 0.1 s to 0.25 s, since the local API answers at once,
    and then to a quarter of what was waited: it allows 250 requests a minute."""

    cancelled: threading.Event = field(default_factory=threading.Event)
    """Set when the user stops the run."""
    first_pause: float = _FIRST_PAUSE
    """Seconds."""

    def until(
        self, target: str, pending: Collection[str], look: Callable[[], str | None], timeout: float
    ) -> None:
        """Wait ``timeout`` seconds for ``look`` to return ``target``; ``None`` means "not to be seen yet".

        The error texts are those of Terraform's ``retry.StateChangeConf``.
        """
        began = time.monotonic()
        deadline = began + timeout
        pause = self.first_pause
        while True:
            seen = look()
            if seen == target:
                return
            if seen is not None and seen not in pending:
                raise ProviderError(
                    f"unexpected state '{seen}', wanted target '{target}'. last error: %!s(<nil>)"
                )
            left = deadline - time.monotonic()
            if left <= 0:
                raise ProviderError(
                    f"timeout while waiting for state to become '{target}' "
                    f"(last state: '{seen or ''}', timeout: {go_duration(timeout)})"
                )
            self.pause(min(pause, left))
            longest = min(max(_SHORT_PAUSE, (time.monotonic() - began) / 4), _LONGEST_PAUSE)
            pause = min(pause * _GROWTH, longest)

    def pause(self, seconds: float) -> None:
        """Sleep, unless the run is stopped."""
        if self.cancelled.wait(seconds):
            raise ProviderError("context canceled")


def go_duration(seconds: float) -> str:
    """A time as Go prints it: ``1m0s``, ``2h0m0s``, ``1.5s``."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:g}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text
