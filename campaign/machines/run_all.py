"""Runs the schedules of a campaign on local clouds, one after the other in each."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from campaign.machines.bugs import NO_BUG, Bug
from campaign.machines.carry_out import carry_out, remove
from campaign.machines.clouds import cloud
from campaign.machines.kept import new_folder
from campaign.machines.verdict import Verdict
from campaign.result import Result
from campaign.schedule.documents import Schedule
from campaign.schedule.draw import draw
from localcloud.cloud import LocalCloud

Say = Callable[[str], None]


def drawn(seed: int) -> Iterator[Schedule]:
    """The schedules of a campaign, without end."""
    return (draw(f"{seed}-{number}") for number in itertools.count(1))


def in_time(schedules: Iterator[Schedule], seconds: float) -> Iterator[Schedule]:
    """The first schedule, and those that begin within so many seconds after it.

    The time begins when the first one is asked for: the start of the clouds before may take longer than all of it.
    """
    deadline = time.monotonic() + seconds
    yield from itertools.islice(schedules, 1)
    yield from itertools.takewhile(lambda _: time.monotonic() <= deadline, schedules)


def run_all(
    schedules: Iterator[Schedule],
    seconds: float,
    folder: Path,
    lanes: int,
    say: Say,
    *,
    keep: bool,
    bug: Bug = NO_BUG,
) -> Result:
    """Carry schedules out until the time is over; what has begun then is finished.

    With ``keep`` the folders of all schedules are kept, otherwise those of failed ones. A ``bug`` is put in each time.
    """
    result = Result()
    lock = threading.Lock()
    broken: list[Exception] = []
    begun_in_time = in_time(schedules, seconds)

    def following() -> Schedule | None:
        with lock:
            return next(begun_in_time, None)

    def carry_out_all(where: LocalCloud) -> None:
        try:
            carry_out_each(where)
        # The main thread raises it: a lane that ends unseen would make the campaign a success.
        except Exception as error:
            broken.append(error)

    def carry_out_each(where: LocalCloud) -> None:
        while (schedule := following()) is not None:
            kept = new_folder(folder, schedule.seed)
            verdict = carry_out(
                where, schedule, kept, lambda line, seed=schedule.seed: say(f"{seed} {line}"), bug
            )
            with lock:
                count(result, verdict)
            if verdict.failed:
                say(f"{schedule.seed} failed: {kept}")
            elif not keep:
                remove(kept)

    with ExitStack() as used:
        clouds = [used.enter_context(cloud(f"campaign{number}")) for number in range(1, lanes + 1)]
        threads = [threading.Thread(target=carry_out_all, args=(one,), daemon=True) for one in clouds]
        for thread in threads:
            thread.start()
        # An interruption removes the clouds, and ends the process with what is under way in them.
        for thread in threads:
            thread.join()
    if broken:
        raise broken[0]
    return result


def count(result: Result, verdict: Verdict) -> None:
    """Count one schedule."""
    result.add(failed=verdict.failed, lost=verdict.lost > 0, linearizable=verdict.linearizable)
