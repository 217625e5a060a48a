"""Serves the console of a local cloud. ``localcloud console`` starts it, inside the local cloud's network."""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
import sys
from pathlib import Path

from console.local.source import LocalSource
from console.server.serving import serve
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.layout import Layout
from localcloud.machines.operator import STACK
from localcloud.machines.stack import Stack, stack_of


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m console.local", description=__doc__)
    parser.add_argument("--name", required=True, help="name of the local cloud")
    parser.add_argument("--project", type=Path, required=True, help="a folder of the Pulumi project")
    parser.add_argument("--socket", type=int, required=True, help="descriptor of the listening socket")
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    layout = Layout(given.name)
    try:
        stack = stack_of(layout, given.project, STACK)
    except LocalCloudError as error:
        sys.exit(str(error))
    with socket.socket(fileno=given.socket) as listening:
        asyncio.run(_serve(layout, stack, listening))


async def _serve(layout: Layout, stack: Stack, listening: socket.socket) -> None:
    await serve(LocalSource(layout, stack), listening, listening.getsockname()[1])


if __name__ == "__main__":
    main()
