"""Ends a run's hooks and checks when the user interrupts the run.

The engine ends only after its hooks. Those of a component in another language run in the package's plugin, which the
engine tells of the interruption (``Cancel`` in https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pulumi

T = TypeVar("T")

INTERRUPTED = (
    "the run was interrupted, so this check did not wait any longer. Run pulumi up again: it goes on where this run "
    "ended"
)

_RUNNING: set[asyncio.Task[Any]] = set()
"""The work that an interruption ends."""


class InterruptedRunError(pulumi.RunError):
    """The user interrupted the run."""

    def __init__(self) -> None:
        super().__init__(INTERRUPTED)


async def until_interrupted(work: Coroutine[Any, Any, T]) -> T:
    """Do the work. Raises ``InterruptedRunError`` when the run is interrupted meanwhile."""
    task = asyncio.ensure_future(work)
    _RUNNING.add(task)
    try:
        await asyncio.wait({task})
    finally:
        _RUNNING.discard(task)
        # It does nothing to work that is done.
        task.cancel()
    if task.cancelled():
        raise InterruptedRunError
    return task.result()


def interrupt() -> None:
    """End all hooks and checks that are under way, in the event loop that calls."""
    for task in _RUNNING:
        task.cancel()
