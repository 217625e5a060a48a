"""What ``make campaign`` does with models."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from campaign.models.kept_failures import keep, read, told, write
from campaign.models.random_walk import Walk, replay
from campaign.models.run_all import count, run_all
from campaign.models.schedules import MODELS, Schedule, schedules
from campaign.models.shrink import shrink
from campaign.result import Result


def run_drawn(console: Console, each: int, seed: int, workers: int, failures: Path) -> Result:
    """Run this many schedules of each model."""
    console.print(f"seed {seed}: {each} schedules of each model ({', '.join(MODELS)})")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("schedules", total=each * len(MODELS))

        def done(schedule: Schedule, walk: Walk) -> None:
            progress.advance(bar)
            if walk.failure is not None:
                folder = keep(schedule, walk, failures)
                progress.console.print(escape(f"{walk.failure.promise}: this is broken in {folder}"))

        return run_all(schedules(each, seed), workers, done)


def run_kept(console: Console, folder: Path, *, shorter: bool) -> Result:
    """Run a kept schedule again, and shrink it if that is asked for. A shorter one is written in its place."""
    kept = read(folder)
    built = kept.schedule.built()
    walk = replay(built, kept.start, kept.choices)
    if walk.impossible:
        console.print(
            f"{walk.impossible} of {len(kept.choices)} choices are left out: they are not possible in this checkout"
        )
    if shorter and walk.failure is not None:
        walk = shrink(built, walk)
        write(kept.schedule, walk, folder)
    console.print(escape(told(kept.schedule, walk)), end="")
    result = Result()
    count(result, walk)
    return result
