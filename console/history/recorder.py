"""Keeps the time line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from console.history.observation import Observation
from console.view.members import Member
from console.view.timeline import LeaderSpan, RunSpan, Span, Timeline, Writes

WINDOW_SECONDS = 3600.0
"""Seconds that a time line has at most."""
GAP_SECONDS = 15.0
"""Seconds without an observation after which the time line begins anew."""
LATE_SECONDS = 5.0
"""Seconds after a member went down in which a run may still be found to have asked for it: it tells it a bit later."""


class TimelineRecorder:
    """The time line of what was observed so far."""

    def __init__(self, window: float = WINDOW_SECONDS) -> None:
        self._window = window
        self._last: float | None = None
        self._began = 0.0
        self._members: list[str] = []
        self._served: set[str] = set()
        """The members that were up at least once."""
        self._down: list[Span] = []
        self._leaders: list[LeaderSpan] = []
        self._runs: list[RunSpan] = []
        self._writes: dict[float, Writes] = {}

    def observe(self, now: Observation) -> Timeline:
        """Add an observation, which is later than the one before, and return the time line."""
        if self._last is None or now.time - self._last > GAP_SECONDS:
            self._began, self._down, self._leaders, self._writes = now.time, [], [], {}
            self._served.clear()
        self._last = now.time
        if now.members is not None:
            self._members = [member.name for member in now.members]
            self._follow_members(now, now.members)
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
            down=self._down,
            leaders=self._leaders,
            writes=list(self._writes.values()),
            most_down=most_at_once(span for span in self._down if span.cause == "run"),
        )

    def _follow_members(self, now: Observation, members: Sequence[Member]) -> None:
        for member in members:
            at = _open(self._down, member.name)
            if member.healthy:
                self._served.add(member.name)
                if at is not None:
                    self._down[at] = _ended(self._down[at], now.time)
            elif member.healthy is None:
                # Nobody knows: what was known before still holds.
                continue
            elif at is None:
                if self._counts(member, now, members):
                    # Of a run whose steps are unknown, each one may be the cause.
                    cause = now.cause(member.name, now.time) or "run"
                    self._down.append(Span(member=member.name, began=now.time, ended=None, cause=cause))
            elif now.time - self._down[at].began <= LATE_SECONDS:
                self._down[at] = _corrected(self._down[at], now)
        names = set(self._members)
        # A member that left the stack is down no more.
        self._down = [span if span.member in names else _ended(span, now.time) for span in self._down]

    def _counts(self, member: Member, now: Observation, members: Sequence[Member]) -> bool:
        """Whether a member that does not serve is down. One that a run creates for the first time is not yet there."""
        if member.name in self._served:
            return True
        created = now.cause(member.name, now.time) != "outside"
        return any(other.healthy for other in members) and not created

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
        self._down = [span for span in self._down if span.ended is None or span.ended >= before]
        self._leaders = [span for span in self._leaders if span.ended is None or span.ended >= before]
        self._runs = [span for span in self._runs if span.ended is None or span.ended >= before]
        self._writes = {second: writes for second, writes in self._writes.items() if second >= before}


def most_at_once(spans: Iterable[Span]) -> int:
    """Return the largest number of members that were down at the same time."""
    known = list(spans)
    return max((sum(_contains(span, one.began) for span in known) for one in known), default=0)


def _contains(span: Span, time: float) -> bool:
    # A member that is up again in the moment in which the next one goes down was not down together with it.
    return span.began <= time and (span.ended is None or time < span.ended)


def _open(spans: Sequence[Span], member: str) -> int | None:
    """The place of the member's span that has not ended."""
    return next((at for at, span in enumerate(spans) if span.member == member and span.ended is None), None)


def _ended(span: Span, time: float) -> Span:
    return span if span.ended is not None else span.model_copy(update={"ended": time})


def _corrected(span: Span, now: Observation) -> Span:
    run = now.run
    if run is None or run.outcome != "running" or run.began > span.began:
        return span
    return span.model_copy(update={"cause": now.cause(span.member, span.began) or span.cause})
