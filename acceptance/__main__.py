"""``python -m acceptance STACK`` makes a cluster from a stack's file, lives through everything, and deletes it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Never

import typer

from acceptance.account import Account
from acceptance.clean_up import CleanUp
from acceptance.cost import HOURS, estimate
from acceptance.errors import AcceptanceError
from acceptance.life import SCALED, Life
from acceptance.report import Report
from acceptance.stack import MEMBERS, SUBDOMAIN, Stack
from components.config.errors import ConfigurationError


def accept(
    name: Annotated[str, typer.Argument(metavar="STACK", help="The stack whose file is used.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before anything is created.")] = False,
    short: Annotated[bool, typer.Option("--short", help="Leave out the change of the size.")] = False,
) -> None:
    """Create a cluster from a stack's file, under a name of its own, live through everything, and delete it.

    The result is one report, without secrets, as a JSON file in this folder.
    """
    signal.signal(signal.SIGTERM, _end)
    stack = Stack(name, Path.cwd(), typer.echo)
    digitalocean = Account(stack.digitalocean(os.environ))
    cloudflare = Account(stack.cloudflare(os.environ))
    settings = stack.source_settings()
    largest = MEMBERS if short else SCALED
    cost = estimate(digitalocean, settings, scaled_to=largest)
    typer.echo(
        f"This creates a cluster of its own, {stack.cluster}, with the settings of stack {name}: up to {largest} "
        f"members {settings.droplet_size} in {settings.region}, named etcd-server-N.{SUBDOMAIN}.{settings.domain}, "
        f"and one more droplet. Stack {name} itself is not touched.\n"
        f"It takes about half an hour, and costs at most {cost:.2f} US dollars, if it ends within "
        f"{HOURS:.0f} hour. At the end, and when it is interrupted, it deletes everything that it has made."
    )
    if not yes and not typer.confirm("Create it?"):
        sys.exit(1)
    report = Report(Path.cwd(), name, stack.secrets())
    life = Life(stack, digitalocean, report, typer.echo, short)
    clean_up = CleanUp(stack, digitalocean, cloudflare, report, typer.echo)
    report.note(pulumi=stack.version(), cost_at_most=round(cost, 2))
    if stack.exists():
        typer.echo(f"An earlier run has left stack {stack.name}: what it has made is deleted first.")
        clean_up.run()
    try:
        stack.create()
        life.live()
        report.note(passed=True)
    except AcceptanceError as error:
        report.note(passed=False, failure=str(error))
        typer.echo(f"acceptance failed: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        report.note(passed=False, failure="interrupted")
        typer.echo("acceptance is interrupted", err=True)
        sys.exit(130)
    finally:
        _delete_everything(clean_up)
        typer.echo(
            f"The report is {report.path}. It holds no token and no key. Read it before you send it in."
        )


def _delete_everything(clean_up: CleanUp) -> None:
    """Delete everything. An interruption does not stop it."""
    if not clean_up.stack.exists():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _ask_to_wait)
    typer.echo("Everything that the run has made is deleted.")
    clean_up.run()


def _end(number: int, frame: FrameType | None) -> Never:
    """End as Ctrl-C does, so that everything is deleted."""
    raise KeyboardInterrupt


def _ask_to_wait(number: int, frame: FrameType | None) -> None:
    typer.echo("Everything is being deleted: please wait")


def main() -> None:
    """Run the command line. An error is printed without a traceback."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(accept)
    try:
        app()
    except (AcceptanceError, ConfigurationError) as error:
        typer.echo(f"acceptance: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
