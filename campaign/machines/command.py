"""What ``make campaign`` does with machines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from campaign.machines.chosen_bugs import bug_of_kept_schedule, chosen_bugs
from campaign.machines.clouds import cloud
from campaign.machines.kept import read
from campaign.machines.proof import prove
from campaign.machines.run_all import count, drawn, run_all
from campaign.machines.shorten import shorten
from campaign.result import Result


@dataclass(frozen=True)
class Limit:
    """How many schedules there are."""

    minutes: float
    """Minutes after which no schedule begins, unless there is a number."""

    schedules: int | None = None

    @property
    def seconds(self) -> float:
        """Seconds after which no schedule begins."""
        return math.inf if self.schedules is not None else self.minutes * 60

    def __str__(self) -> str:
        return f"for {self.minutes:g} minutes" if self.schedules is None else f"{self.schedules} schedules"


def run_drawn(
    console: Console, seed: int, limit: Limit, clouds: int, failures: Path, *, keep: bool
) -> Result:
    """Carry out schedules of a seed."""
    console.print(f"seed {seed}: {limit}")
    schedules = islice(drawn(seed), limit.schedules)
    return run_all(schedules, limit.seconds, failures, clouds, lambda line: _say(console, line), keep=keep)


def run_kept(
    console: Console, folder: Path, failures: Path, bugs: Sequence[str] = (), *, shorter: bool
) -> Result:
    """Carry out a kept schedule again, and shrink it if that is asked for. ``bugs`` may name one to put in."""
    schedule = read(folder)
    bug = bug_of_kept_schedule(bugs)

    def say(line: str) -> None:
        _say(console, line)

    if not shorter:
        return run_all(iter([schedule]), math.inf, failures, 1, say, keep=True, bug=bug)
    with cloud("shrink") as where:
        shortest = shorten(where, schedule, failures, say, bug)
    if shortest is None:
        return Result(schedules=1, linearizable=1)
    say(f"the shortest schedule that fails is in {shortest.folder}")
    result = Result()
    count(result, shortest.verdict)
    return result


def run_bugs(console: Console, bugs: Sequence[str], failures: Path) -> bool:
    """Put bugs in on purpose, and return whether all were found."""
    names = chosen_bugs(bugs)
    with cloud("bugs") as where:
        found = prove(where, names, failures, lambda line: _say(console, line))
    console.print(f"bugs={len(names)} found={found}")
    return found == len(names)


def _say(console: Console, line: str) -> None:
    console.print(escape(line))
