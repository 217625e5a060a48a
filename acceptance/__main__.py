"""``python -m acceptance STACK`` makes a cluster from a stack's file, lives through everything, and deletes it."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from acceptance.account import Account
from acceptance.clean_up import CleanUp
from acceptance.cost import HOURS, estimate
from acceptance.errors import AcceptanceError
from acceptance.interruption import Interruption
from acceptance.life import SCALED, Life
from acceptance.report import Report
from acceptance.stack import MEMBERS, RUN_DIGITS, Stack, run_of
from components.backups.operator_bucket import OperatorBucket
from components.config.errors import ConfigurationError
from components.shared.s3 import S3Error

INTERRUPTED = "interrupted"


def say(line: str) -> None:
    """Print a line. The terminal may be gone."""
    with suppress(OSError):
        typer.echo(line)


def accept(
    name: Annotated[str, typer.Argument(metavar="STACK", help="The stack whose file is used.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    short: Annotated[bool, typer.Option("--short", help="Leave out the change of the size.")] = False,
    delete: Annotated[
        str | None, typer.Option(help="Only delete this stack, which an earlier run has left.")
    ] = None,
) -> None:
    """Create a cluster from a stack's file, under a name of its own, live through everything, and delete it.

    The result is one report, without secrets, as a JSON file in this folder.
    """
    run = secrets.token_hex(RUN_DIGITS // 2) if delete is None else _run_of(name, delete)
    stack = Stack(name, run, Path.cwd(), say)
    stack.check_file()
    digitalocean = Account(stack.digitalocean(os.environ))
    zones = stack.cloudflare(os.environ)
    cloudflare = None if zones is None else Account(zones)
    report = Report(Path.cwd(), name, stack.secrets())
    clean_up = CleanUp(stack, digitalocean, cloudflare, report, say)
    interruption = Interruption(say)
    if delete is not None:
        _ask(
            f"This deletes the cluster {stack.cluster} with its data and its backups, and stack {stack.name}.",
            yes,
        )
        interruption.install()
        interruption.disarm()
        clean_up.run()
        say(f"Everything of {stack.name} is deleted.")
        return
    _check_bucket(stack)
    largest = MEMBERS if short else SCALED
    cost = estimate(digitalocean, stack.settings, scaled_to=largest)
    _ask(_announcement(stack, largest, cost), yes)
    report.note(pulumi=stack.version(), cost_at_most=round(cost, 2))
    failure = INTERRUPTED
    interruption.install()
    try:
        failure = _live(Life(stack, digitalocean, report, say, short))
        interruption.disarm()
    except KeyboardInterrupt:
        say("acceptance is interrupted")
    _end(clean_up, report, failure)


def _live(life: Life) -> str:
    """Go through all steps. Returns why one failed, or an empty string."""
    try:
        life.stack.create()
        life.live()
    # Whatever happens, everything is deleted.
    except Exception as error:
        named = f"{type(error).__name__}: {error}"
        say(f"acceptance failed: {error if isinstance(error, AcceptanceError) else named}")
        return named
    return ""


def _end(clean_up: CleanUp, report: Report, failure: str) -> None:
    """Delete everything, finish the report, and exit: 0 after a success, 1 after a failure, 130 if interrupted."""
    say("Deleting everything that the run has made.")
    try:
        clean_up.run()
        say("Everything is deleted.")
    except AcceptanceError as error:
        say(f"acceptance: {error}")
        failure = failure or "not everything is deleted"
    report.note(passed=not failure, failure=failure)
    say(f"acceptance {f'failed: {failure}' if failure else 'passed'}")
    say(f"The report is {report.path}. It holds no token and no key. Read it before you send it in.")
    sys.exit(130 if failure == INTERRUPTED else int(bool(failure)))


def _announcement(stack: Stack, largest: int, cost: float) -> str:
    settings = stack.settings
    lines = [
        f"This creates a cluster of its own, {stack.cluster}, with the settings of stack {stack.source}: up to "
        f"{largest} members {settings.droplet_size} in {settings.region}, named etcd-server-N.{settings.domain}, and "
        f"one more droplet. Stack {stack.source} itself is not touched.",
        f"It takes about half an hour, and costs at most {cost:.2f} US dollars, if it ends within {HOURS:.0f} hour. "
        "At the end, and when it is interrupted, it deletes everything that it has made.",
    ]
    if stack.backups_left_out:
        lines.append(f"It takes no backups: {stack.backups_left_out}.")
    lines += [
        f"An earlier run has left {left}, or is still running. If it is not: make acceptance STACK={stack.source} "
        f"ARGS='--delete {left}'"
        for left in stack.of_earlier_runs()
    ]
    return "\n".join(lines)


def _ask(announcement: str, yes: bool) -> None:
    say(announcement)
    if not yes and not typer.confirm("Go on?"):
        sys.exit(1)


def _check_bucket(stack: Stack) -> None:
    """Leave out the backups if this machine cannot list them: it could not delete them at the end."""
    if (target := stack.backup_target()) is None:
        return
    try:
        OperatorBucket(target, seconds=20).list(target.prefix)
    except S3Error as error:
        stack.backups_left_out = f"{target.endpoint}/{target.bucket} does not list them ({error})"


def _run_of(source: str, stack: str) -> str:
    """The name of the run that has made a stack."""
    if (run := run_of(source, stack)) is None:
        raise AcceptanceError(
            f"--delete is {stack}: no run with stack {source} makes such a stack. Name a stack that a run has printed"
        )
    return run


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
