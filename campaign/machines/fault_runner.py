"""Lets the faults of one step begin and end at their times, while the operator acts."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager

from campaign.machines.fault_kinds import FAULTS
from campaign.machines.life import BROKEN, Life
from campaign.machines.shutdowns import SLACK, Span
from campaign.schedule.documents import OF_A_RUN, Fault

END_LIMIT = 180.0
"""Seconds that faults may need to end after a step."""


@contextmanager
def faults(life: Life, planned: Iterable[Fault]) -> Generator[None]:
    """Let faults come during the block. All have ended when it ends, and those that were not due yet have come."""
    threads = [threading.Thread(target=_live, args=(life, fault), daemon=True) for fault in planned]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        deadline = time.monotonic() + END_LIMIT
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


def _live(life: Life, fault: Fault) -> None:
    """One fault from its begin to its end."""
    time.sleep(fault.after)
    begin = time.monotonic()
    try:
        with FAULTS[fault.kind](life, fault):
            life.log.note(f"fault: {fault}")
            time.sleep(fault.lasts)
        if fault.lasts:
            life.log.note(
                f"fault ended: {fault.kind} {life.stack.name(fault.member) if fault.member else ''}"
            )
    except BROKEN as error:
        life.log.note(f"fault could not begin or end: {fault}: {str(error).strip()[-300:]}")
    finally:
        # What happens to a run excuses no member that is down.
        if fault.kind not in OF_A_RUN:
            life.disturbed.append(Span(begin - SLACK, time.monotonic() + SLACK))
