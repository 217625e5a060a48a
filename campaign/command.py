"""The command line of the campaign."""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from campaign.errors import CampaignError
from campaign.machines import command as machines
from campaign.machines.bugs import BUGS
from campaign.machines.carry_out import SCHEDULE
from campaign.machines.chosen_bugs import ALL
from campaign.machines.kept import is_kept as is_of_machines
from campaign.models import command as models
from campaign.models.kept_failures import CHOICES
from campaign.models.kept_failures import is_kept as is_of_model
from campaign.models.schedules import MODELS
from campaign.options import check_minutes, check_options
from campaign.result import Result
from localcloud.machines.errors import LocalCloudError
from localcloud.toolchain.errors import ToolchainError

FAILURES = Path(".cache") / "campaign"
"""Where failing schedules are kept, in the checkout."""

MINUTES = 5.0
"""How long a campaign begins new schedules, if nothing else is said."""


def campaign(  # noqa: PLR0917 - they are options of the command line
    minutes: Annotated[
        float | None,
        typer.Option(
            help=f"Begin new schedules on machines for so long, {MINUTES:g} by default. One begins always."
        ),
    ] = None,
    schedules: Annotated[
        int | None, typer.Option(min=1, help="Carry out this many schedules on machines instead.")
    ] = None,
    model: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"Run this many schedules of each of the {len(MODELS)} models instead, without machines.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="What chance begins with. Without it, a new one is printed.")
    ] = None,
    clouds: Annotated[
        int | None, typer.Option(min=1, help="How many local clouds are used at a time, 1 by default.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes for the models. Without it, one for each processor."),
    ] = None,
    again: Annotated[
        Path | None,
        typer.Option(
            "--replay",
            help="Run the schedule in this folder again. What machines do then is kept in a new folder.",
        ),
    ] = None,
    shorten: Annotated[
        Path | None,
        typer.Option(
            "--shrink",
            help="Drop events of the schedule in this folder while the same promise is broken. A shorter schedule of "
            "a model replaces it, and one for machines gets a new folder.",
        ),
    ] = None,
    bug: Annotated[
        list[str] | None,
        typer.Option(
            "--bug",
            help=f"Put this bug in on purpose: it must be found. One of {', '.join(BUGS)}, or {ALL}. Can be repeated. "
            "With --replay or --shrink, put this one into a schedule for machines.",
        ),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep schedules that pass as well.")] = False,
) -> None:
    """Run random schedules of changes and faults, check what the cluster promises, and keep each schedule that fails.

    It ends with the line schedules=N failed=N lost=N linearizable=N, and with status 1 if a schedule failed.

    With --bug, but without --replay and --shrink, it is bugs=N found=N, with status 1 if a bug was not found.

    An option that would have no effect is refused.
    """
    given = {
        "--minutes": minutes,
        "--schedules": schedules,
        "--model": model,
        "--seed": seed,
        "--clouds": clouds,
        "--workers": workers,
        "--replay": again,
        "--shrink": shorten,
        "--bug": bug or None,
        "--keep": keep or None,
    }
    check_options([name for name, value in given.items() if value is not None])
    if minutes is not None:
        check_minutes(minutes)
    console = Console(highlight=False, soft_wrap=True)
    failures = Path.cwd() / FAILURES
    folder = again or shorten
    if bug and folder is None:
        sys.exit(int(not machines.run_bugs(console, bug, failures)))
    chosen = secrets.randbelow(1_000_000) if seed is None else seed
    if folder is not None:
        result = _run_kept(console, folder, failures, bug or [], shorter=shorten is not None)
        if shorten is not None and not result.failed:
            console.print("this schedule does not fail now: there is nothing to shrink")
    elif model is not None:
        result = models.run_drawn(console, model, chosen, workers or os.cpu_count() or 1, failures)
    else:
        limit = machines.Limit(minutes or MINUTES, schedules)
        result = machines.run_drawn(console, chosen, limit, clouds or 1, failures, keep=keep)
    console.print(result.line())
    sys.exit(int(result.failed > 0))


def _run_kept(
    console: Console, folder: Path, failures: Path, bugs: Sequence[str], *, shorter: bool
) -> Result:
    if is_of_machines(folder):
        return machines.run_kept(console, folder, failures, bugs, shorter=shorter)
    if not is_of_model(folder):
        raise CampaignError(
            f"{'--shrink' if shorter else '--replay'} is {folder}: there is no such folder, or it has neither "
            f"{SCHEDULE} nor {CHOICES}. Name a folder of {FAILURES}"
        )
    if bugs:
        raise CampaignError(
            f"--bug is set, and {folder} has a schedule of a model: bugs are put into schedules for machines only. "
            "Leave out --bug"
        )
    return models.run_kept(console, folder, shorter=shorter)


def main() -> None:
    """Run the command line. An error is printed without a traceback. SIGTERM ends it as Ctrl-C does: with 130."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(campaign)
    try:
        app()
    except (CampaignError, LocalCloudError, ToolchainError) as error:
        typer.echo(f"campaign: {error}", err=True)
        sys.exit(1)
