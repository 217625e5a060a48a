"""Reports the beginning and the good end of one cluster's part in a run."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, TypeVar

import pulumi

from .events import Ended, Members
from .report import report

T = TypeVar("T")

_TASKS: set[asyncio.Task[None]] = set()
"""asyncio itself keeps no task."""


def reported_cluster(cluster: str, members: Sequence[str], end: pulumi.Output[T]) -> pulumi.Output[T]:
    """Report a cluster, and that it needs nothing more as soon as ``end`` resolves. Returns ``end``."""
    report(Members(cluster=cluster, members=[*members]))
    task = asyncio.ensure_future(_report_end(cluster, end))
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)
    return end


async def _report_end(cluster: str, end: pulumi.Output[Any]) -> None:
    # Whoever raised an error has reported it.
    with contextlib.suppress(Exception):
        # In a preview, it may be unknown.
        await end.future(with_unknowns=True)
        report(Ended(cluster=cluster, outcome="succeeded"))
