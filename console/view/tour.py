"""The guided tour."""

from __future__ import annotations

from typing import Literal

from console.view.document import Document

StepName = Literal["writer", "change", "refused", "healed", "repaired"]


class TourStep(Document):
    """One step, and when it was seen to have happened."""

    name: StepName
    done: float | None
    seen: str
    """What was seen, in one sentence; empty before."""


class Tour(Document):
    """All steps, in order."""

    steps: list[TourStep]
    quota_bytes: int | None = None
    """The quota of the members' databases before the tour changes it; unknown at first."""
