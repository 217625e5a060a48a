"""``python -m console --stack fra1`` shows a real stack on a page of this machine."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from components.backups.stack_file import NoPulumiError, StackError
from console.production.source import ProductionSource
from console.production.stack_facts import check_stack, explained
from console.server.serving import serve

PORT = 9070
CHECK_SECONDS = 5.0
"""Seconds that Pulumi has to say that there is no such stack."""


def show(
    stack: Annotated[str, typer.Option(help="The stack that is shown.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port on 127.0.0.1.")] = PORT,
    folder: Annotated[
        Path, typer.Option(help="The folder of Pulumi.yaml.", exists=True, file_okay=False)
    ] = Path(),
) -> None:
    """Show a stack, and change nothing. Run it where pulumi up runs, with the same environment."""
    if not stack.strip():
        raise typer.BadParameter("it is empty: pulumi stack ls lists the stacks", param_hint="--stack")
    if not (folder / "Pulumi.yaml").is_file():
        raise typer.BadParameter(
            f"{folder} has no Pulumi.yaml: give the folder of the project", param_hint="--folder"
        )
    logging.basicConfig(level=logging.WARNING, format="console: %(message)s")
    asyncio.run(_serve(stack, port, folder.absolute()))


async def _serve(stack: str, port: int, folder: Path) -> None:
    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        # create_server adds the address to the text of the error.
        reason = os.strerror(error.errno or 0)
        sys.exit(
            f"127.0.0.1:{port} cannot be used ({reason}): choose another port with "
            f'make console STACK={stack} ARGS="--port N"'
        )
    with listening:
        await _check(stack, folder)
        sys.stdout.write(f"http://127.0.0.1:{port} shows stack {stack}. Ctrl-C ends it.\n")
        sys.stdout.flush()
        await serve(ProductionSource(stack, folder), listening, port)


async def _check(stack: str, folder: Path) -> None:
    """End the process if there is no such stack. Anything else may heal, and the page says it as well."""
    asking = asyncio.create_task(asyncio.to_thread(check_stack, stack, folder))
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            missing = await asyncio.shield(asking)
    except TimeoutError:
        # Its answer is of no use any more: the page asks again.
        asking.add_done_callback(lambda task: task.cancelled() or task.exception())
    except NoPulumiError as error:
        sys.exit(f"console: {error}")
    except StackError as error:
        sys.stderr.write(f"console: {explained(error)}\n")
    else:
        if missing:
            sys.exit(f"console: {missing}")


def main() -> None:
    """Run the command line."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(show)
    app()


if __name__ == "__main__":
    main()
