"""Shrinks a failing schedule by carrying shorter ones out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from campaign.machines.bugs import NO_BUG, Bug
from campaign.machines.carry_out import carry_out, remove
from campaign.machines.kept import new_folder
from campaign.machines.verdict import Verdict
from campaign.schedule.documents import Schedule
from campaign.schedule.shrink import shrink
from localcloud.cloud import LocalCloud

TRIES = 2
"""How often a shorter schedule is carried out before it counts as one that does not fail: its timing differs."""


@dataclass(frozen=True)
class Shortest:
    """The shortest schedule that failed."""

    folder: Path
    verdict: Verdict


def shorten(
    cloud: LocalCloud, schedule: Schedule, folder: Path, say: Callable[[str], None], bug: Bug = NO_BUG
) -> Shortest | None:
    """Drop steps and faults while the same promise is broken. Returns the shortest schedule that failed.

    Returns ``None`` if the schedule itself does not fail now. A ``bug`` is put in each time.
    """
    last: list[Shortest] = []
    checks: set[str] = set()

    def fails(tried: Schedule) -> bool:
        for _ in range(TRIES):
            kept = new_folder(folder, f"{tried.seed}-shrunk")
            say(f"trying {sum(len(step.faults) for step in tried.steps)} faults in {len(tried.steps)} steps")
            verdict = carry_out(cloud, tried, kept, say, bug)
            if _breaks(verdict, checks):
                for longer in last:
                    remove(longer.folder)
                last[:] = [Shortest(kept, verdict)]
                return True
            remove(kept)
        return False

    if not fails(schedule):
        return None
    shrink(schedule, fails)
    return last[0]


def _breaks(verdict: Verdict, checks: set[str]) -> bool:
    """Whether one of the promises is broken that the first failure broke. ``checks`` are filled by that one."""
    broken = {problem.check for problem in verdict.problems}
    if not checks:
        checks |= broken
    return bool(broken & checks)
