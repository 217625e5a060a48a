"""Forwards a port of the host's loopback to a port inside a local cloud's network.

``python -m localcloud.machines.forward FD HOST PORT`` runs inside the namespace. ``FD`` is a listening socket that the
host's process made: a socket stays in the namespace in which it was made.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress

_PIECE = 64 * 1024


async def forward(listening: socket.socket, host: str, port: int) -> None:
    """Forward every connection, until the process ends."""

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(host, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))

    server = await asyncio.start_server(connect, sock=listening)
    await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    descriptor, target, number = sys.argv[1:]
    asyncio.run(forward(socket.socket(fileno=int(descriptor)), target, int(number)))
