"""Drops steps of a failing walk while the same promise stays broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from campaign.models.model import Failure, Model
from campaign.models.random_walk import Walk, replay

S = TypeVar("S")


def shrink(model: Model[S], walk: Walk) -> Walk:
    """Drop halves first, then smaller and smaller pieces, then single steps until none can be dropped."""
    if walk.failure is None:
        return walk
    promise = walk.failure.promise

    def again(choices: Sequence[str]) -> Walk | None:
        shorter = replay(model, walk.start, choices)
        return shorter if _breaks(shorter.failure, promise) else None

    size = max(1, len(walk.choices) // 2)
    while True:
        smaller = _without_pieces(walk, size, again)
        if size == 1 and len(smaller.choices) == len(walk.choices):
            return smaller
        walk, size = smaller, max(1, size // 2)


def _without_pieces(walk: Walk, size: int, again: Callable[[Sequence[str]], Walk | None]) -> Walk:
    """Try to drop each piece of this size, from the end: what came first is more often needed."""
    at = len(walk.choices) - size
    while at > -size:
        begin = max(0, at)
        shorter = again(walk.choices[:begin] + walk.choices[begin + size :])
        if shorter is not None and len(shorter.choices) < len(walk.choices):
            walk = shorter
        at = min(at, len(walk.choices)) - size
    return walk


def _breaks(failure: Failure | None, promise: str) -> bool:
    return failure is not None and failure.promise == promise
