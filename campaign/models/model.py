"""What a random walk needs to know of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Protocol, TypeVar

S = TypeVar("S")


class Failure(NamedTuple):
    """A promise that a schedule has broken."""

    promise: str
    """The broken promise. It stays the same while a schedule is shrunk."""
    detail: str = ""
    """The state in which it was broken, for people."""
    loses_write: bool = False
    """Whether an acknowledged write is lost."""


class Model(Protocol[S]):
    """A state machine and its promises."""

    rare: ClassVar[Sequence[str]]
    """Parts of the texts of steps that come seldom: otherwise nothing else would ever be finished."""

    def starts(self) -> Sequence[S]:
        """The states in which a schedule may begin."""
        ...

    def options(self, state: S) -> Sequence[tuple[str, S]] | Failure:
        """What may happen next, or the promise that this state breaks. No two options have the same text."""
        ...

    def told(self, state: S) -> str:
        """The state in words, a part for each member, with semicolons between them."""
        ...

    def failure_at_end(self, state: S) -> Failure | None:
        """The broken promise if all faults end in this state, and members and runs go on undisturbed."""
        ...


def good_step(options: Sequence[tuple[str, S]], good: Sequence[str]) -> S | None:
    """The state after the first step that happens when no fault disturbs, or ``None`` when there is no such step.

    ``good`` has parts of the texts of these steps, in the order in which they happen.
    """
    return next((state for part in good for text, state in options if part in text), None)
