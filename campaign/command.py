"""The command line of the campaign."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from campaign.errors import CampaignError
from campaign.models.kept_failures import keep, read, told, write
from campaign.models.random_walk import Walk, replay
from campaign.models.run_all import Result, run_all
from campaign.models.schedules import MODELS, Schedule, schedules
from campaign.models.shrink import shrink

FAILURES = Path(".cache") / "campaign"
"""Where failing schedules are kept, in the checkout."""


def campaign(
    model: Annotated[int, typer.Option(min=1, help="Run this many schedules of each model.")] = 300,
    seed: Annotated[int | None, typer.Option(help="What chance begins with. Without it, a new one.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes. Without it, one for each processor.")
    ] = None,
    again: Annotated[
        Path | None, typer.Option("--replay", help="Run the schedule in this folder again.")
    ] = None,
    shorten: Annotated[
        Path | None, typer.Option("--shrink", help="Drop steps of the schedule in this folder.")
    ] = None,
) -> None:
    """Run random schedules of the models, check every state, and keep each schedule that breaks a promise.

    It ends with the line schedules=N failed=N lost=N linearizable=N, and with status 1 if a schedule failed.
    """
    console = Console(highlight=False, soft_wrap=True)
    if again is not None and shorten is not None:
        raise CampaignError("--replay and --shrink are both set: use one after the other")
    if (folder := again or shorten) is None:
        chosen = secrets.randbelow(1_000_000) if seed is None else seed
        result = _run_all(console, model, chosen, workers or os.cpu_count() or 1)
    else:
        result = Result()
        result.add(_run_kept(console, folder, shorter=shorten is not None))
    console.print(result.line())
    sys.exit(int(result.failed > 0))


def _run_all(console: Console, each: int, seed: int, workers: int) -> Result:
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
                folder = keep(schedule, walk, Path.cwd() / FAILURES)
                progress.console.print(escape(f"{walk.failure.promise}: this is broken in {folder}"))

        return run_all(schedules(each, seed), workers, done)


def _run_kept(console: Console, folder: Path, *, shorter: bool) -> Walk:
    """Run a kept schedule again, and shrink it if that is asked for. A shorter one is written in its place."""
    kept = read(folder)
    built = kept.schedule.built()
    walk = replay(built, kept.start, kept.choices)
    if shorter and walk.failure is not None:
        walk = shrink(built, walk)
        write(kept.schedule, walk, folder)
    console.print(escape(told(kept.schedule, walk)), end="")
    return walk


def main() -> None:
    """Run the command line. An error is printed without a traceback."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(campaign)
    try:
        app()
    except CampaignError as error:
        typer.echo(f"campaign: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("campaign: interrupted", err=True)
        sys.exit(130)
