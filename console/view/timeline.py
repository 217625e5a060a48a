"""What happened lately, as a time line."""

from __future__ import annotations

from typing import Literal

from console.view.document import Document


class Span(Document):
    """A time in which a member was down."""

    member: str
    began: float
    ended: float | None
    """``None``: it is down still."""
    cause: Literal["run", "outside"]
    """``run``: a run of Pulumi had asked for it. ``outside``: anything else, such as the page or a lost quorum."""


class UpSpan(Document):
    """A time in which a member was seen to be healthy."""

    member: str
    began: float
    ended: float | None


class LeaderSpan(Document):
    """A time in which a member led."""

    member: str
    began: float
    ended: float | None


class RunSpan(Document):
    """A run of Pulumi."""

    id: str
    command: str
    began: float
    ended: float | None
    outcome: str


class Writes(Document):
    """The writes of one second."""

    second: float
    acknowledged: int
    failed: int


class Timeline(Document):
    """The last minutes, at most an hour, from when the console watches."""

    began: float
    """The time from which it is complete."""
    members: list[str]
    """One row each, in this order."""
    runs: list[RunSpan]
    up: list[UpSpan]
    """What is neither in ``up`` nor in ``down`` is a time in which nobody knows, or in which the member is not there:
    before its first start, after a destroy, or while nothing answers."""
    down: list[Span]
    leaders: list[LeaderSpan]
    writes: list[Writes]
    most_down: int
    """The largest number of members that were down at once by a run of Pulumi, since ``began``.

    A destroy does not count: there, all are to go.
    """


class Writer(Document):
    """The writer that the page starts and stops."""

    running: bool
    per_second: float
    acknowledged: int
    failed: int
    longest_stall: float
    """Seconds of the longest time without an acknowledged write, since it was started."""
    problem: str
