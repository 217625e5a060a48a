"""Keeps the time line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from components.shared.names import member_number
from console.history.availability import Availability
from console.history.observation import Observation
from console.view.timeline import LeaderSpan, RunSpan, Timeline, Writes

WINDOW_SECONDS = 3600.0
"""Seconds that a time line has at most."""
GAP_SECONDS = 15.0
"""Seconds without an observation after which the time line begins anew."""


_Recorded = TypeVar("_Recorded", LeaderSpan, RunSpan)


class TimelineRecorder:
    """The time line of what was observed so far."""

    def __init__(self, window: float = WINDOW_SECONDS) -> None:
        self._window = window
        self._last: float | None = None
        self._began = 0.0
        self._members: list[str] = []
        self._availability = Availability()
        self._leaders: list[LeaderSpan] = []
        self._runs: list[RunSpan] = []
        self._writes: dict[float, Writes] = {}

    def observe(self, now: Observation) -> Timeline:
        """Add an observation and return the time line. It begins anew after a gap, and when the clock was set back."""
        if self._last is None or not 0 <= now.time - self._last <= GAP_SECONDS:
            self._began, self._leaders, self._writes = now.time, [], {}
            self._availability = Availability()
        self._last = now.time
        self._availability.observe(now)
        if now.members is not None:
            # Members that are there no more have rows as long as something is told of them.
            told = {span.member for span in (*self._availability.up, *self._availability.down)}
            self._members = sorted({*(member.name for member in now.members), *told}, key=member_number)
        self._follow_leader(now)
        self._runs = list(now.runs)
        self._writes |= {writes.second: writes for writes in now.writes}
        self._forget(now.time - self._window)
        return self.timeline

    @property
    def timeline(self) -> Timeline:
        """The time line up to the last observation."""
        return Timeline(
            began=self._began,
            members=self._members,
            runs=self._runs,
            up=self._availability.up,
            down=self._availability.down,
            leaders=self._leaders,
            writes=list(self._writes.values()),
            most_down=self._availability.most_down(self._began),
        )

    def _follow_leader(self, now: Observation) -> None:
        open_span = self._leaders[-1] if self._leaders and self._leaders[-1].ended is None else None
        if open_span is not None and open_span.member == now.leader:
            return
        if open_span is not None:
            self._leaders[-1] = open_span.model_copy(update={"ended": now.time})
        if now.leader is not None:
            self._leaders.append(LeaderSpan(member=now.leader, began=now.time, ended=None))

    def _forget(self, before: float) -> None:
        self._began = max(self._began, before)
        self._availability.forget(before)
        self._leaders = _recent(self._leaders, before)
        self._runs = _recent(self._runs, before)
        self._writes = {second: writes for second, writes in self._writes.items() if second >= before}


def _recent(spans: Sequence[_Recorded], before: float) -> list[_Recorded]:
    return [span for span in spans if span.ended is None or span.ended >= before]
