"""A cluster of three members, observed moment by moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from console.history.observation import Observation
from console.history.recorder import TimelineRecorder
from console.history.tour import TourWatch
from console.view.members import Member
from console.view.run import Run, Step
from console.view.timeline import Timeline, Writer
from console.view.tour import Tour
from tests.console.fake_source import NAMES, healthy_page, member

ONE, TWO, THREE = NAMES
START = 1000.0


def writer(*, running: bool = True, acknowledged: int = 1) -> Writer:
    return Writer(
        running=running, per_second=1, acknowledged=acknowledged, failed=0, longest_stall=0, problem=""
    )


class Moments:
    """Observes the cluster once a second. Fields of members, and the run, stay until they are changed."""

    timeline: Timeline
    tour: Tour

    def __init__(self, window: float = 3600, tour: Tour | None = None) -> None:
        self._recorder = TimelineRecorder(window)
        self._tour = TourWatch(tour)
        self.time = START - 1
        self.members: dict[str, Member] | None = {name: member(at) for at, name in enumerate(NAMES, start=1)}
        self.run: Run | None = None
        self.writer: Writer | None = None
        self.disturbed: dict[str, float] = {}
        self.since: dict[str, float] = {}

    def pass_(self, seconds: int = 1) -> None:
        """Let time pass, with an observation each second."""
        for _ in range(seconds):
            self.time += 1
            members = None if self.members is None else list(self.members.values())
            now = Observation(
                self.time, members, self.run, (), self.writer, (), dict(self.disturbed), dict(self.since)
            )
            self.timeline = self._recorder.observe(now)
            self.tour = self._tour.observe(now, self.timeline)

    def skip(self, seconds: float) -> None:
        """Let time pass without an observation."""
        self.time += seconds

    def set(self, name: str, **fields: Any) -> None:
        """Change a member."""
        assert self.members is not None
        self.members[name] = self.members[name].model_copy(update=fields)

    def down(self, name: str, **fields: Any) -> None:
        self.set(name, healthy=False, role="stopped", **fields)

    def up(self, name: str, **fields: Any) -> None:
        self.set(name, healthy=True, role="follower", power="active", **fields)

    def disturb(self, name: str) -> None:
        """Let the page do something to a member that takes it down."""
        self.disturbed[name] = self.time

    def ups(self, name: str) -> list[tuple[float, float | None]]:
        return [(span.began - START, _since(span.ended)) for span in self.timeline.up if span.member == name]

    def downs(self, name: str) -> list[tuple[float, float | None, str]]:
        return [
            (span.began - START, _since(span.ended), span.cause)
            for span in self.timeline.down
            if span.member == name
        ]

    def begin_run(self, id_: str, steps: Sequence[Step] | None = None, command: str = "up") -> None:
        idle = [Step(member=name, gate="none", droplet="waiting") for name in NAMES]
        run = healthy_page().run
        assert run
        began = {
            "id": id_,
            "command": command,
            "began": self.time,
            "ended": None,
            "outcome": "running",
            "reason": "",
        }
        self.run = run.model_copy(update={**began, "steps": idle if steps is None else steps})

    def step(self, name: str, droplet: str) -> None:
        """Let the run say what it does to a member."""
        assert self.run
        steps = [
            step.model_copy(update={"droplet": droplet}) if step.member == name else step
            for step in self.run.steps
        ]
        self.run = self.run.model_copy(update={"steps": steps})

    def end_run(self, outcome: str = "succeeded", reason: str = "") -> None:
        assert self.run
        self.run = self.run.model_copy(update={"ended": self.time, "outcome": outcome, "reason": reason})

    def replace(self, name: str, droplet: int) -> None:
        """Let the run replace a member in five seconds."""
        self.step(name, "shutting down")
        self.pass_()
        self.down(name, power="off")
        self.pass_()
        self.down(name, power="absent", droplet_id=None)
        self.step(name, "creating")
        self.pass_()
        self.set(name, power="active", droplet_id=droplet)
        self.step(name, "joining")
        self.pass_()
        self.up(name)
        self.step(name, "done")
        self.pass_()

    def done(self) -> list[str]:
        """The steps of the tour that are ticked off."""
        return [step.name for step in self.tour.steps if step.done is not None]

    def seen(self, name: str) -> str:
        return next(step.seen for step in self.tour.steps if step.name == name)


def _since(time: float | None) -> float | None:
    return None if time is None else time - START
