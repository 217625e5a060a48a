"""Tells a client of the control API when something has changed, so that it need not ask again and again."""

from __future__ import annotations

import asyncio
import time


class Changes:
    """Counts changes. The numbers of two processes differ, so a client notices a restart."""

    def __init__(self) -> None:
        self.version = time.time_ns()
        """Rises with every change."""
        self.state = self.version
        """The version of the last change of the cloud's state. A request alone does not change it."""
        self._changed = asyncio.Event()

    def request_changed(self) -> None:
        """A request has come or ended."""
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def state_changed(self) -> None:
        """A document, a fault, or a machine has changed."""
        self.request_changed()
        self.state = self.version

    async def wait(self, since: int, seconds: float) -> None:
        """Wait until the version is another one than ``since``, for at most so many seconds."""
        if self.version == since:
            try:
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
            except TimeoutError:
                return
