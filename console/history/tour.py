"""Ticks the steps of the guided tour off when they are seen to have happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from console.history.availability import most_at_once
from console.history.observation import Observation
from console.view.members import Member
from console.view.run import Run
from console.view.timeline import Span, Timeline
from console.view.tour import StepName, Tour, TourStep

STEPS: tuple[StepName, ...] = get_args(StepName)


class TourWatch:
    """The tour, as far as it was seen."""

    def __init__(self, earlier: Tour | None = None) -> None:
        """``earlier`` is what an earlier process saw."""
        self._steps = {name: TourStep(name=name, done=None, seen="") for name in STEPS}
        self._steps |= {step.name: step for step in (earlier.steps if earlier else ())}
        self._quota = earlier.quota_bytes if earlier else None
        self._droplets: dict[str, int] = {}
        """The last known droplet of each member."""
        self._before: Mapping[str, int] = {}
        """The droplets that were there when the last run began."""
        self._run = ""
        self._missing: dict[str, float] = {}
        """When the droplet of a member was seen to have been deleted, and no run had asked for it."""
        self._healed: float | None = None
        """When all members were healthy again after the refusal."""

    def observe(self, now: Observation, timeline: Timeline) -> Tour:
        """Add an observation, and return the tour. ``timeline`` has the same observation already."""
        members = now.members or ()
        self._follow_run(now.run)
        self._remember_quota(members)
        for member in members:
            self._follow_droplet(member, now, timeline)
        self._tick_writer(now)
        if now.run is not None and now.run.ended is not None and now.run.command == "up":
            self._tick_change(now, now.run, timeline)
            self._tick_refused(now, now.run, timeline)
            self._tick_healed(now, now.run, timeline)
        if now.all_healthy:
            self._see_healthy(now)
            self._tick_repaired(now)
        return Tour(steps=list(self._steps.values()), quota_bytes=self._quota)

    def _remember_quota(self, members: Sequence[Member]) -> None:
        if self._quota is None and self._steps["change"].done is None:
            # The last member changes last.
            self._quota = next((one.quota_bytes for one in reversed(members) if one.quota_bytes), None)

    def _follow_run(self, run: Run | None) -> None:
        if run is not None and run.id != self._run:
            self._run = run.id
            # Of a run that has ended before it was seen, nobody knows what it began with.
            self._before = dict(self._droplets) if run.ended is None else {}

    def _follow_droplet(self, member: Member, now: Observation, timeline: Timeline) -> None:
        if member.droplet_id is not None:
            self._droplets[member.name] = member.droplet_id
        elif member.power == "absent":
            self._droplets.pop(member.name, None)
            down = [span for span in timeline.down if span.member == member.name and span.ended is None]
            if now.changing(member.name) is None and any(span.cause == "outside" for span in down):
                self._missing.setdefault(member.name, now.time)

    def _tick_writer(self, now: Observation) -> None:
        if now.writer is not None and now.writer.running and now.writer.acknowledged:
            self._tick("writer", now, "The writer was started, and the cluster acknowledges its writes.")

    def _tick_change(self, now: Observation, run: Run, timeline: Timeline) -> None:
        if run.outcome != "succeeded" or not now.members:
            return
        down = self._down_by(run, timeline)
        names = [member.name for member in now.members]
        if self._restarted(down).issuperset(names) and most_at_once(down) <= 1:
            self._tick("change", now, f"{_counted(names)} restarted, one at a time, and the run ended well.")

    def _down_by(self, run: Run, timeline: Timeline) -> list[Span]:
        return [span for span in timeline.down if span.cause == "run" and _during(span, run)]

    def _restarted(self, down: Sequence[Span]) -> set[str]:
        """The members that a run shut down or replaced. ``down`` are the down times that it caused."""
        replaced = {name for name, before in self._before.items() if self._droplets.get(name) != before}
        return {span.member for span in down} | replaced

    def _tick_refused(self, now: Observation, run: Run, timeline: Timeline) -> None:
        if run.outcome != "refused":
            return
        for span in timeline.down:
            label = span.member.partition(".")[0]
            if span.cause == "outside" and _during(span, run) and label in run.reason:
                self._tick("refused", now, f"{label} was down, so the run was refused.")

    def _see_healthy(self, now: Observation) -> None:
        refused = self._steps["refused"].done
        if self._healed is None and refused is not None and now.time > refused:
            self._healed = now.time

    def _tick_healed(self, now: Observation, run: Run, timeline: Timeline) -> None:
        ended = run.ended or 0.0
        if self._healed is None or run.outcome != "succeeded" or ended < self._healed:
            return
        if self._restarted(self._down_by(run, timeline)):
            self._tick("healed", now, "All members were healthy again, and a change went through.")

    def _tick_repaired(self, now: Observation) -> None:
        run = now.run
        if run is None or run.ended is None or run.outcome != "succeeded" or run.command != "up":
            return
        for name, deleted in list(self._missing.items()):
            if run.ended > deleted:
                del self._missing[name]
                label = name.partition(".")[0]
                self._tick(
                    "repaired",
                    now,
                    f"A run created the droplet of {label} again, and all members are healthy.",
                )

    def _tick(self, name: StepName, now: Observation, seen: str) -> None:
        if self._steps[name].done is None:
            self._steps[name] = TourStep(name=name, done=now.time, seen=seen)


def _during(span: Span, run: Run) -> bool:
    """Whether a member was down at some time of a run that has ended."""
    ended = run.ended if run.ended is not None else span.began
    return span.began <= ended and (span.ended is None or span.ended >= run.began)


def _counted(names: list[str]) -> str:
    return "The only member" if len(names) == 1 else f"All {len(names)} members"
