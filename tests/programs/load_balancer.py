"""``python -m tests.programs.load_balancer ADDRESS TARGET...``: forwards connections until it is ended."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Sequence
from contextlib import closing

from components.shared.ports import CLIENT_PORT

CHUNK = 65536


async def serve(address: str, targets: Sequence[str]) -> None:
    """Forward each connection to the next target. TLS passes through unread."""
    turns = itertools.cycle(targets)

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(next(turns), CLIENT_PORT)
        await asyncio.gather(copied(reader, back), copied(there, writer), return_exceptions=True)

    server = await asyncio.start_server(forward, address, CLIENT_PORT)
    await server.serve_forever()


async def copied(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Copy until the source ends."""
    with closing(target):
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2:]))
