"""Serves the console on a socket until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from types import FrameType

import uvicorn

from console.server.app import PAGE, console_app
from console.server.source import Source
from console.server.watch import Watch

_GRACE_SECONDS = 1
"""Seconds after which connections of open pages are closed at the end."""


class _IdleServer(uvicorn.Server):
    """uvicorn's server without its loop, which wakes up ten times a second."""

    def __init__(self, config: uvicorn.Config, watch: Watch) -> None:
        super().__init__(config)
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def main_loop(self) -> None:
        await self._stopped.wait()
        # Otherwise the streams of open pages hold up the end, and uvicorn complains.
        self._watch.end_streams()


async def serve(source: Source, listening: socket.socket, port: int, files: Path = PAGE) -> None:
    """Serve a source on a listening socket. ``port`` is that of the address in the browser."""
    watch = Watch(source)
    config = uvicorn.Config(
        console_app(source, watch, port, files),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        # The loop would keep the date up to date.
        date_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    try:
        await _IdleServer(config, watch).serve(sockets=[listening])
    finally:
        await watch.close()
