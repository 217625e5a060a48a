"""What the events of one run mean: its steps, what it waits for, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from components.run_log.events import (
    Began,
    DropletStep,
    Ended,
    Event,
    Gate,
    Members,
    Said,
    Waited,
    Waiting,
)
from console.view.run import Line, Outcome, Run, Step

SHOWN_LINES = 100
KILLED = "The run ended before it was done, and did not say why: it was killed, or another resource failed."
FAILED = (
    "The engine ended with an error that the program did not see, or was interrupted with Ctrl-C: the terminal of the "
    "run says which. After that, run pulumi up: it goes on where this run ended."
)
INTERRUPTED = (
    "The run was interrupted, for example with Ctrl-C. Run pulumi up again: it goes on where this run ended."
)
CANCELLATIONS = ("context canceled", "^C received")
"""What the engine's answers say after Ctrl-C."""

_Gate = Literal["asked", "open", "refused", "none"]
_Droplet = Literal["unchanged", "waiting", "shutting down", "deleting", "creating", "joining", "done"]


@dataclass
class _Seen:
    """What the events have said so far."""

    began: float = 0.0
    last: float = 0.0
    preview: bool = False
    clusters: list[str] = field(default_factory=list[str])
    gates: dict[str, _Gate] = field(default_factory=dict[str, _Gate])
    droplets: dict[str, _Droplet] = field(default_factory=dict[str, _Droplet])
    lines: list[Line] = field(default_factory=list[Line])
    waits: dict[str, Waiting] = field(default_factory=dict[str, Waiting])
    waits_began: dict[str, float] = field(default_factory=dict[str, float])
    succeeded: set[str] = field(default_factory=set[str])
    failure: Ended | None = None

    def add(self, event: Event) -> None:
        self.last = max(self.last, event.time)
        match event:
            case Began():
                self.began, self.preview = event.time, event.preview
            case Members():
                self.clusters.append(event.cluster)
                for member in event.members:
                    self.gates[member] = "none"
                    self.droplets[member] = "unchanged" if self.preview else "waiting"
            case Said():
                self.lines.append(Line(time=event.time, severity=event.severity, text=event.text))
            case Gate():
                self._gate(event)
            case DropletStep():
                self.droplets[event.member] = event.state
            case Waiting():
                self.waits[event.purpose] = event
                self.waits_began.setdefault(event.purpose, event.time)
            case Waited():
                self.waits.pop(event.purpose, None)
                self.waits_began.pop(event.purpose, None)
            case Ended():
                self._ended(event)

    def _gate(self, event: Gate) -> None:
        self.gates[event.member] = event.state
        if event.state == "open" and not self.preview:
            # A gate opens while all other members are healthy.
            self._joined(except_for=event.member)

    def _ended(self, event: Ended) -> None:
        if event.outcome == "succeeded":
            self.succeeded.add(event.cluster)
            if not self.preview:
                self._joined()
        elif self.failure is None:
            self.failure = _understood(event)
            self.lines.append(Line(time=event.time, severity="error", text=event.reason))

    def _joined(self, *, except_for: str = "") -> None:
        for member, state in self.droplets.items():
            if state == "joining" and member != except_for:
                self.droplets[member] = "done"

    @property
    def over(self) -> bool:
        """Whether the program has nothing left to do."""
        return self.failure is not None or (bool(self.clusters) and self.succeeded.issuperset(self.clusters))

    @property
    def outcome(self) -> Outcome:
        if self.failure is not None:
            return self.failure.outcome
        return "succeeded" if self.over else "interrupted"


def _understood(failure: Ended) -> Ended:
    """An error that only says that the engine was interrupted is no failure."""
    if not any(words in failure.reason for words in CANCELLATIONS):
        return failure
    return failure.model_copy(update={"outcome": "interrupted", "reason": INTERRUPTED})


def summarize(name: str, events: Sequence[Event], *, locked: bool) -> Run:
    """The run whose file has this name and these events. ``locked`` is whether its process still runs.

    A run goes on after its program is done, while the engine deletes what is not wanted any more. A preview does not,
    but the process may wait for the user's yes.
    """
    seen = _Seen()
    for event in events:
        seen.add(event)
    running = locked and not (seen.preview and seen.over)
    wait = next(iter(seen.waits.values()), None) if running else None
    reason = seen.failure.reason if seen.failure is not None else ""
    if not running and seen.outcome == "interrupted":
        reason = reason or KILLED
    return Run(
        id=name,
        command="preview" if seen.preview else "up",
        began=seen.began,
        ended=None if running else seen.last,
        outcome="running" if running else seen.outcome,
        reason=reason,
        steps=[
            Step(
                member=member,
                gate=seen.gates.get(member, "none"),
                droplet=_last_state(state, settled=not running and not seen.preview),
            )
            for member, state in seen.droplets.items()
        ],
        waiting_for=None if wait is None else f"{wait.purpose}: {wait.text}",
        waiting_since=None if wait is None else seen.waits_began[wait.purpose],
        lines=seen.lines[-SHOWN_LINES:],
    )


def _last_state(state: _Droplet, *, settled: bool) -> _Droplet:
    """A droplet that waited when its run ended has not changed."""
    return "unchanged" if state == "waiting" and settled else state
