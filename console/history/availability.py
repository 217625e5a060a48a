"""When members were healthy, when they were down, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from console.history.observation import Observation
from console.view.members import Member
from console.view.timeline import Span, UpSpan

LATE_SECONDS = 5.0
"""Seconds after a member went down in which a run may still be found to have asked for it: it tells it a bit later."""
EFFECT_SECONDS = 30.0
"""Seconds that an action of the page may take until its member is down."""
UNKNOWN_SECONDS = 15.0
"""Seconds without knowing anything of a member after which it is not said to be down any more."""

_Ending = TypeVar("_Ending", Span, UpSpan)


class Availability:
    """The times in which each member was up or down, as far as it was seen."""

    def __init__(self) -> None:
        self.up: list[UpSpan] = []
        self.down: list[Span] = []
        self._known: dict[str, float] = {}
        """When it was last known whether a member is healthy."""
        self._served: set[str] = set()
        """The members that were up at least once, and have not been destroyed since."""
        self._not_there: set[str] = set()
        """Members that start for the first time, and those that a run destroyed."""
        self._wanted: set[tuple[str, float]] = set()
        """The down times of a destroy, by member and beginning."""
        self._disturbed: dict[str, float] = {}
        """Members to which the page did something, and that were not down and healthy again since."""
        self._seen_disturbances: dict[str, float] = {}
        self._changing: dict[str, float] = {}
        """When a run was last seen to change each member's droplet."""
        self._joined: dict[str, str] = {}
        """The last run in which a member was healthy again after its droplet was created, by member."""

    def observe(self, now: Observation) -> None:
        """Add an observation."""
        self._take_disturbances(now)
        members = now.members or ()
        for member in members:
            if now.changing(member.name) is not None:
                self._changing[member.name] = now.time
            if member.healthy is None:
                continue
            self._known[member.name] = now.time
            if member.healthy:
                self._healthy(member, now)
            else:
                self._unhealthy(member, now, members)
        self._end_unknown(now)

    def most_down(self, since: float) -> int:
        """The largest number of members that runs took down at the same time, without those of a destroy."""
        return most_at_once(
            span.model_copy(update={"began": max(span.began, since)})
            for span in self.down
            if span.cause == "run" and (span.member, span.began) not in self._wanted
        )

    def forget(self, before: float) -> None:
        """Forget what ended before."""
        self.up = [span for span in self.up if span.ended is None or span.ended >= before]
        self.down = [span for span in self.down if span.ended is None or span.ended >= before]
        self._wanted &= {(span.member, span.began) for span in self.down}

    def _take_disturbances(self, now: Observation) -> None:
        for name, time in now.disturbed.items():
            if self._seen_disturbances.get(name) == time:
                continue
            self._seen_disturbances[name] = time
            if now.time - time > EFFECT_SECONDS:
                # What became of it was not watched.
                continue
            self._disturbed[name] = time
            at = _open(self.down, name)
            if at is None or self.down[at].cause == "outside":
                continue
            if self.down[at].began >= time:
                self.down[at] = self.down[at].model_copy(update={"cause": "outside"})
            else:
                # What the run did ends here.
                self.down[at] = _ended(self.down[at], time)
                self.down.append(Span(member=name, began=time, ended=None, cause="outside"))

    def _healthy(self, member: Member, now: Observation) -> None:
        name = member.name
        self._served.add(name)
        self._not_there.discard(name)
        was_down = _end(self.down, name, now.began(name))
        if was_down or now.time - self._disturbed.get(name, now.time) > EFFECT_SECONDS:
            self._disturbed.pop(name, None)
        step = now.changing(name)
        if (
            step is not None
            and step.droplet == "joining"
            and now.run is not None
            and self._taken_down(name, now)
        ):
            self._joined[name] = now.run.id
        if _open(self.up, name) is None:
            self.up.append(UpSpan(member=name, began=now.began(name), ended=None))

    def _unhealthy(self, member: Member, now: Observation, members: Sequence[Member]) -> None:
        name, began = member.name, now.began(member.name)
        _end(self.up, name, began)
        if now.destroying and member.power == "absent":
            _end(self.down, name, now.time)
            self._served.discard(name)
            self._not_there.add(name)
            return
        by_run = self._asked_for(member, now)
        at = _open(self.down, name)
        if at is None:
            if self._is_down(member, now, members):
                self.down.append(
                    Span(member=name, began=began, ended=None, cause="run" if by_run else "outside")
                )
                if now.destroying:
                    self._wanted.add((name, began))
            else:
                self._not_there.add(name)
        elif _began_before(now, self.down[at]) and (
            self._is_created_again(name, now) or (by_run and now.time - self.down[at].began <= LATE_SECONDS)
        ):
            self.down[at] = self.down[at].model_copy(update={"cause": "run"})
            if now.destroying:
                self._wanted.add((name, self.down[at].began))

    def _taken_down(self, name: str, now: Observation) -> bool:
        """Whether the run of this moment was seen to take a member down."""
        return any(
            span.member == name and span.cause == "run" and _began_before(now, span) for span in self.down
        )

    def _is_created_again(self, name: str, now: Observation) -> bool:
        """Whether a run creates a droplet that was there when it began. It may have said nothing of its deletion.

        A run that goes on where an interrupted one ended asks no gate for the replacement that was under way.
        """
        step = now.changing(name)
        return step is not None and step.droplet == "creating" and name not in self._disturbed

    def _asked_for(self, member: Member, now: Observation) -> bool:
        if member.name in self._disturbed:
            return False
        if not now.asked_for(member):
            # It became silent while the run changed its droplet, and that is seen when the run has gone on.
            began = now.began(member.name)
            return not self._has_joined(member.name, now) and (
                began <= self._changing.get(member.name, 0.0) < now.time
            )
        step = now.changing(member.name)
        return step is None or step.droplet != "joining" or not self._has_joined(member.name, now)

    def _has_joined(self, name: str, now: Observation) -> bool:
        """Whether it was healthy after the run of this moment had created its droplet."""
        return now.run is not None and self._joined.get(name) == now.run.id

    def _is_down(self, member: Member, now: Observation, members: Sequence[Member]) -> bool:
        """Whether a member that is not healthy is down. One that was never there, or is there no more, is not."""
        if member.name in self._served:
            return True
        if member.name in self._not_there:
            return False
        step = now.changing(member.name)
        if step is not None and step.gate == "none":
            # The run creates it. A member that it replaces passes a gate.
            return False
        disturbed = member.power in {"off", "paused"} or bool(member.cut_off)
        return disturbed or any(other.healthy for other in members)

    def _end_unknown(self, now: Observation) -> None:
        names = {member.name for member in now.members or ()}
        known = {member.name for member in now.members or () if member.healthy is not None}
        self.up = [span if span.member in known else _ended(span, now.began(span.member)) for span in self.up]
        if now.members is not None:
            # A member that left the stack is down no more.
            self.down = [span if span.member in names else _ended(span, now.time) for span in self.down]
        for name in {span.member for span in self.down if span.ended is None} - known:
            if now.time - self._known[name] > UNKNOWN_SECONDS:
                _end(self.down, name, self._known[name])


def most_at_once(spans: Iterable[Span]) -> int:
    """Return the largest number of members that were down at the same time."""
    known = list(spans)
    return max((sum(_contains(span, one.began) for span in known) for one in known), default=0)


def _contains(span: Span, time: float) -> bool:
    # A member that is up again in the moment in which the next one goes down was not down together with it.
    return span.began <= time and (span.ended is None or time < span.ended)


def _began_before(now: Observation, span: Span) -> bool:
    return now.run is not None and now.run.began <= span.began


def _open(spans: Sequence[Span | UpSpan], member: str) -> int | None:
    """The place of the member's span that has not ended."""
    return next((at for at, span in enumerate(spans) if span.member == member and span.ended is None), None)


def _end(spans: list[_Ending], member: str, time: float) -> bool:
    """End the member's open span; return whether there was one."""
    at = _open(spans, member)
    if at is not None:
        spans[at] = _ended(spans[at], time)
    return at is not None


def _ended(span: _Ending, time: float) -> _Ending:
    return span if span.ended is not None else span.model_copy(update={"ended": max(time, span.began)})
