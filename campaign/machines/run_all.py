"""Runs the schedules of a campaign on local clouds, one after the other in each."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from campaign.machines.carry_out import carry_out, remove
from campaign.machines.clouds import cloud
from campaign.machines.verdict import Verdict
from campaign.result import Result
from campaign.schedule.documents import Schedule
from campaign.schedule.draw import draw

Say = Callable[[str], None]


def drawn(seed: int) -> Iterator[Schedule]:
    """The schedules of a campaign, without end."""
    return (draw(f"{seed}-{number}") for number in itertools.count(1))


def run_all(
    schedules: Iterator[Schedule], seconds: float, folder: Path, lanes: int, say: Say, *, keep: bool
) -> Result:
    """Carry schedules out until the time is over; what has begun then is finished.

    With ``keep`` the folders of all schedules are kept, otherwise those of failed ones.
    """
    result = Result()
    lock = threading.Lock()
    deadline = time.monotonic() + seconds

    def following() -> Schedule | None:
        with lock:
            return None if time.monotonic() > deadline else next(schedules, None)

    def lane(number: int) -> None:
        with cloud(f"campaign{number}") as where:
            while (schedule := following()) is not None:
                kept = folder / f"{schedule.seed}-{datetime.now():%H%M%S}"
                verdict = carry_out(
                    where, schedule, kept, lambda line, seed=schedule.seed: say(f"{seed} {line}")
                )
                with lock:
                    count(result, verdict)
                if verdict.failed:
                    say(f"{schedule.seed} failed: {kept}")
                elif not keep:
                    remove(kept)

    with ThreadPoolExecutor(lanes) as pool:
        for done in [pool.submit(lane, number) for number in range(1, lanes + 1)]:
            done.result()
    return result


def count(result: Result, verdict: Verdict) -> None:
    """Count one schedule."""
    result.add(failed=verdict.failed, lost=verdict.lost > 0, linearizable=verdict.linearizable)
