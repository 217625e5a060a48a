"""The command line ``localcloud``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Never, cast

import typer
from rich.console import Console
from rich.markup import escape

from localcloud.cli.connection import connection_text
from localcloud.cli.console import open_console, resume_console
from localcloud.cli.monitoring import monitor
from localcloud.cli.naming import default_name
from localcloud.cli.proof import prove as prove_cluster
from localcloud.cli.running_cluster import find_cluster
from localcloud.cli.shell import prepare_shell
from localcloud.cli.status_table import (
    least_width,
    status_heading,
    status_json,
    status_notes,
    status_table,
)
from localcloud.cloud import LocalCloud
from localcloud.machines.client_choice import CLIENT
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.layout import Layout
from localcloud.machines.prerequisites import check_system
from localcloud.toolchain.errors import ToolchainError

app = typer.Typer(
    help="A local stand-in for DigitalOcean and Cloudflare: droplets are systemd machines in their own network.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_stderr = Console(stderr=True, highlight=False)
_console = Console(highlight=False)

BACKUP_NOW = ("python3", "-ES", "/etc/etcd/prepare_cluster.py", "backup-now")
"""The command on a member that takes a backup immediately."""

_PASS_OPTIONS = {"ignore_unknown_options": True, "allow_interspersed_args": False}

Command = Annotated[list[str], typer.Argument(metavar="-- COMMAND", help="The command and its arguments.")]
MachineName = Annotated[
    str, typer.Argument(metavar="MACHINE", help="A droplet's name, its first label, or the id.")
]


@app.callback()
def choose(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Option(
            "--name", "-n", envvar="LOCALCLOUD_NAME", help="Name of the local cloud. Default: the checkout's."
        ),
    ] = "",
    client: Annotated[
        str,
        typer.Option(
            envvar=CLIENT,
            help="The client of etcd:clients whose certificate etcdctl, prove and monitoring use, or etcd-operator. "
            "Default: for etcdctl and prove one with root, for monitoring one without permissions.",
        ),
    ] = "",
) -> None:
    """Choose the local cloud, and the client of its cluster."""
    context.obj = name or default_name()
    if client:
        # Commands inside, a shell for example, get it with the environment.
        os.environ[CLIENT] = client


@app.command()
def start(context: typer.Context) -> None:
    """Start the local cloud, or the parts of it that do not run."""
    cloud = LocalCloud(context.obj, _say)
    cloud.start(object_store_later=True)
    _stderr.print(f"local cloud {context.obj} is running")
    if said := resume_console(cloud):
        _say(said)


@app.command()
def stop(context: typer.Context) -> None:
    """Stop the local cloud. Its state is kept for the next start."""
    if _does_not_exist(context.obj):
        return
    LocalCloud(context.obj, _say).stop()
    _stderr.print(f"local cloud {context.obj} is stopped; its state is kept")


@app.command()
def reset(context: typer.Context) -> None:
    """Remove the local cloud and its state."""
    if _does_not_exist(context.obj):
        return
    LocalCloud(context.obj, _say).reset()
    _stderr.print(f"local cloud {context.obj} is removed")


@app.command()
def status(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show machines, addresses, DNS records and the health of etcd."""
    found = LocalCloud(context.obj).status()
    if json:
        sys.stdout.write(status_json(found) + "\n")
    else:
        _console.print(f"[bold]{escape(status_heading(found))}[/]", soft_wrap=True)
        if found.machines or found.records:
            table = status_table(found)
            # On a narrower terminal the terminal itself wraps the lines, and names stay whole.
            _console.width = max(_console.width, least_width(table))
            _console.print()
            _console.print(table)
            for note in status_notes(found):
                _console.print(f"\n{escape(note)}", style="dim")
            _console.print()


@app.command()
def prove(context: typer.Context) -> None:
    """Write a key through one member, read it through another, and print how to connect to the cluster."""
    sys.stdout.write(connection_text(prove_cluster(LocalCloud(context.obj), Path.cwd())))


@app.command()
def monitoring(
    context: typer.Context,
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="Port on 127.0.0.1 of this machine. Default: 9090, or the current one."
        ),
    ] = None,
) -> None:
    """Start Prometheus with the stack's targets and alert rules. It stops with the local cloud."""
    url = monitor(LocalCloud(context.obj), Path.cwd(), port=port)
    _console.print(f"Prometheus: {url}, alerts: {url}/alerts", soft_wrap=True)


@app.command("console")
def show_console(
    context: typer.Context,
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="Port on 127.0.0.1 of this machine. Default: 9070, or the current one."
        ),
    ] = None,
) -> None:
    """Start the console, a page that shows the stack's cluster live. It stops and starts with the local cloud."""
    url = open_console(LocalCloud(context.obj), Path.cwd(), port=port)
    _console.print(f"Console: {url}", soft_wrap=True)


@app.command()
def backup(context: typer.Context) -> None:
    """Take a backup now, through a healthy member, and print its content."""
    cloud = LocalCloud(context.obj, _say)
    cloud.await_object_store()
    healthy = [machine for machine in cloud.status().machines if machine.etcd == "healthy"]
    if not healthy:
        raise LocalCloudError(
            "no machine runs a healthy etcd: run make status to see the problem, or make up"
        )
    raise typer.Exit(cloud.exec(str(healthy[0].id), BACKUP_NOW).returncode)


@app.command()
def shell(context: typer.Context) -> None:
    """Open a shell in which plain `pulumi` and `etcdctl` work."""
    cloud = LocalCloud(context.obj, _say)
    cloud.await_object_store()
    user = prepare_shell(cloud)
    with _ignoring_interrupts():
        raise typer.Exit(_exit_status(cloud.run(user.argv, env=user.variables).returncode))


@app.command(context_settings=_PASS_OPTIONS)
def run(context: typer.Context, command: Command) -> None:
    """Run a command with the environment that Pulumi and etcdctl need."""
    cloud = LocalCloud(context.obj, _say)
    cloud.await_object_store(command)
    with _ignoring_interrupts():
        status = _exit_status(cloud.run(command).returncode)
    if status and Path(command[0]).name == "etcdctl":
        # Without a cluster, etcdctl has asked its own default endpoint.
        find_cluster(cloud, Path.cwd())
    raise typer.Exit(status)


@app.command("exec", context_settings=_PASS_OPTIONS)
def exec_(context: typer.Context, machine: MachineName, command: Command) -> None:
    """Run a command as root inside a machine."""
    with _ignoring_interrupts():
        # The parser leaves the separator in place, since the machine's name comes before it.
        argv = command[1:] if command[0] == "--" else command
        if not argv:
            raise typer.BadParameter("write the command after --")
        cloud = LocalCloud(context.obj)
        with _telling_shutdown(cloud, machine):
            raise typer.Exit(_exit_status(cloud.exec(machine, argv).returncode))


@app.command()
def logs(
    context: typer.Context,
    machine: MachineName,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Wait for new entries, if the machine is on.")
    ] = False,
    unit: Annotated[
        str, typer.Option("--unit", "-u", help="Show only this systemd unit, for example etcd.")
    ] = "",
) -> None:
    """Print a machine's journal, even if the machine is off."""
    options = ["--no-pager", *([f"--unit={unit}"] if unit else [])]
    with _ignoring_interrupts():
        cloud = LocalCloud(context.obj)
        with _telling_shutdown(cloud, machine):
            raise typer.Exit(_exit_status(cloud.logs(machine, *options, follow=follow).returncode))


def _does_not_exist(name: str) -> bool:
    """Whether there is no local cloud of this name. It says so, with those that exist."""
    check_system()
    layout = Layout(name)
    if layout.state.exists() or layout.run.exists():
        return False
    others = ", ".join(sorted(one.name for one in layout.state.parent.glob("*") if one.is_dir())) or "none"
    _say(f"there is no local cloud {name} (local clouds: {others})")
    return True


def _say(line: str) -> None:
    _stderr.print(escape(line), soft_wrap=True)


@contextmanager
def _ignoring_interrupts() -> Generator[None]:
    """Ignore Ctrl-C: the command in the foreground gets it, too, and decides when to end."""
    before = signal.signal(signal.SIGINT, _ignore)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _telling_shutdown(cloud: LocalCloud, name: str) -> Generator[None]:
    """Say so if the machine goes down meanwhile: all that shows of it is a command that was killed."""
    machine = cloud.machine(name)
    before = machine.leader()
    try:
        yield
    finally:
        if before is not None and machine.leader() != before:
            _say(f"machine {name} has shut down")


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing. The command would inherit ``SIG_IGN``, but it does not inherit a handler."""


def _exit_status(returncode: int) -> int:
    """Return the exit status that a shell reports: 128 plus the signal's number if a signal ended the command."""
    return 128 - returncode if returncode < 0 else returncode


def main() -> None:
    """Run the command line. An error is printed as one line."""
    try:
        app()
    except (LocalCloudError, ToolchainError) as error:
        _fail(str(error))
    except subprocess.TimeoutExpired as error:
        # The command begins with what enters the namespace.
        words = cast("list[str | Path]", error.cmd)
        _fail(f"{' '.join(str(word) for word in words[-4:])}: not finished after {error.timeout:.0f} s")
    except OSError as error:
        _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")


def _fail(problem: str) -> Never:
    _stderr.print(f"[bold red]localcloud:[/] {escape(problem)}", soft_wrap=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
