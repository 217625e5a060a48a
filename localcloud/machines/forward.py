"""Lets one port of a local cloud's network be reached on the host's loopback.

``python -m localcloud.machines.forward FD HOST PORT``, started inside the namespace: a listening socket belongs to the
namespace that it was made in, so the one that is inherited as ``FD`` still listens on the host.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress

_PIECE = 64 * 1024


async def forward(listening: socket.socket, host: str, port: int) -> None:
    """Pass every connection on, until the process ends."""

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(host, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pass_on(reader, there_writer), _pass_on(there_reader, writer))

    server = await asyncio.start_server(connect, sock=listening)
    await server.serve_forever()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    descriptor, target, number = sys.argv[1:]
    asyncio.run(forward(socket.socket(fileno=int(descriptor)), target, int(number)))
