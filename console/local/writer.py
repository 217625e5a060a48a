"""A writer that writes all the time, so that everybody sees what an outage costs its clients."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from components.etcd.credentials import TlsTexts
from components.etcd.grpc_api import Connection, RefusedCallError
from console.view.timeline import Writer, Writes

KEY = "/console/writer"
"""The only key that it writes."""
PERIOD_SECONDS = 0.05
"""Seconds from one write to the next."""
TIMEOUT_SECONDS = 1.0
"""Seconds after which a write without an answer is tried through the next member."""
RATE_SECONDS = 5
"""Seconds over which the rate is measured."""
KEPT_SECONDS = 60
"""Seconds of which the numbers of writes are kept here."""


@dataclass
class WriteCounts:
    """What became of the writes since the writer was started."""

    began: float
    acknowledged: int = 0
    failed: int = 0
    longest_stall: float = 0.0
    problem: str = ""
    """Why the last write failed; empty after one that did not."""
    seconds: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    """Acknowledged and failed writes by second of Unix time."""
    stopped: str = ""
    """Why it was stopped without having been asked to; empty if it was asked to, or writes."""
    _last: float = 0.0
    _tries: int = 0
    """Tries of the present write that have failed."""

    def __post_init__(self) -> None:
        self._last = self.began

    def add(self, now: float, problem: str = "") -> None:
        """Count a write that was acknowledged now, or failed with a problem."""
        acknowledged, failed = self.seconds.get(int(now), (0, 0))
        self.problem = problem
        self._tries = 0
        if problem:
            self.failed += 1
            failed += 1
        else:
            self.acknowledged += 1
            acknowledged += 1
            self.longest_stall = self.stall(now)
            self._last = now
        self.seconds[int(now)] = acknowledged, failed
        for second in [one for one in self.seconds if one < int(now) - KEPT_SECONDS]:
            del self.seconds[second]

    def add_failed_try(self, now: float, problem: str, members: int) -> None:
        """Count a try of a write that failed. The write has failed if every one of the ``members`` was tried.

        A client tries the next member as well, when the one that it is connected to stops.
        """
        self._tries += 1
        if self._tries >= members:
            self.add(now, problem)

    def stall(self, now: float) -> float:
        """Seconds of the longest time without an acknowledged write, with the one that lasts."""
        return max(self.longest_stall, now - self._last)

    def writes(self, now: float) -> list[Writes]:
        """The writes of the seconds that are over, also of those in which there was none."""
        first = max(int(self.began), int(now) - KEPT_SECONDS)
        counted = ((second, self.seconds.get(second, (0, 0))) for second in range(first, int(now)))
        return [
            Writes(second=second, acknowledged=acknowledged, failed=failed)
            for second, (acknowledged, failed) in counted
        ]

    def shown(self, now: float, *, running: bool) -> Writer:
        """The writer as the page shows it."""
        lately = sum(self.seconds.get(int(now) - back, (0, 0))[0] for back in range(1, RATE_SECONDS + 1))
        return Writer(
            running=running,
            per_second=lately / RATE_SECONDS if running else 0.0,
            acknowledged=self.acknowledged,
            failed=self.failed,
            longest_stall=round(self.stall(now) if running else self.longest_stall, 2),
            problem=self.problem if running else self.stopped,
        )


class WriterTask:
    """Writes one key, one write at a time. ``addresses`` are those of the members by name, at that moment."""

    def __init__(self, texts: TlsTexts, addresses: Callable[[], Mapping[str, str]]) -> None:
        self.counts = WriteCounts(time.time())
        self._texts = texts
        self._addresses = addresses
        self._task = asyncio.create_task(self._run())

    @property
    def running(self) -> bool:
        """Whether it still writes."""
        return not self._task.done()

    async def stop(self) -> None:
        """End it."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        for turn in itertools.count():
            members = sorted(self._addresses().items())
            if members:
                await self._write_through(*members[turn % len(members)], len(members))
            else:
                self.counts.add(time.time(), "no member has an address")
                await asyncio.sleep(TIMEOUT_SECONDS)

    async def _write_through(self, name: str, address: str, members: int) -> None:
        """Write through one member until a try fails, or the member has another address."""
        with Connection(name, address, self._texts) as connection:
            while self._addresses().get(name) == address:
                began = time.monotonic()
                value = str(self.counts.acknowledged + self.counts.failed + 1)
                fields = {"key": KEY.encode(), "value": value.encode()}
                try:
                    await connection.call("KV/Put", fields, seconds=TIMEOUT_SECONDS)
                except RefusedCallError as error:
                    self.counts.add_failed_try(time.time(), f"{name}: {error}", members)
                    await asyncio.sleep(max(0.0, began + PERIOD_SECONDS - time.monotonic()))
                    return
                self.counts.add(time.time())
                await asyncio.sleep(max(0.0, began + PERIOD_SECONDS - time.monotonic()))
