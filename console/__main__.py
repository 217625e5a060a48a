"""``python -m console --stack fra1`` shows a real stack on a page of this machine."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from console.production.source import ProductionSource
from console.server.serving import serve

PORT = 9070


def show(
    stack: Annotated[str, typer.Option(help="The stack that is shown.")],
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.")] = PORT,
    folder: Annotated[Path, typer.Option(help="The folder of Pulumi.yaml.")] = Path(),
) -> None:
    """Show a stack, and change nothing. Run it where pulumi up runs, with the same environment."""
    logging.basicConfig(level=logging.WARNING, format="console: %(message)s")
    asyncio.run(_serve(stack, port, folder.absolute()))


async def _serve(stack: str, port: int, folder: Path) -> None:
    source = ProductionSource(stack, folder)
    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        sys.exit(f"127.0.0.1:{port} is not free ({error.strerror}): choose another one with --port")
    with listening:
        address = listening.getsockname()[1]
        sys.stdout.write(f"http://127.0.0.1:{address} shows stack {stack}. Ctrl-C ends it.\n")
        sys.stdout.flush()
        await serve(source, listening, address)


def main() -> None:
    """Run the command line."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(show)
    app()


if __name__ == "__main__":
    main()
