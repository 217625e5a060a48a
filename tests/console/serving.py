"""Serves a source on loopback for the length of a block."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn

from console.server.app import PAGE, console_app
from console.server.source import Source
from console.server.watch import Watch


@asynccontextmanager
async def served(
    source: Source,
    *,
    files: Path = PAGE,
    linger: float = 0.05,
    port: int = 0,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[str]:
    """Yield the console's URL."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        port = listening.getsockname()[1]
        watch = Watch(source, linger=linger, clock=clock)
        config = uvicorn.Config(
            console_app(source, watch, port, files),
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=0,
        )
        server = uvicorn.Server(config)
        # The tests' own signals stay as they are.
        serving = asyncio.create_task(server._serve([listening]))
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await serving
            await watch.close()
