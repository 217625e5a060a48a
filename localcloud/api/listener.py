"""A listening address of the process, which can be closed and reopened."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

START_SECONDS = 10.0
"""Seconds within which a server must start."""
GRACE_SECONDS = 1
"""Seconds that open requests get to finish when a listener closes."""


class _Server(uvicorn.Server):
    """uvicorn's server without signal handlers, which stops when an event is set."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.should_stop = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def main_loop(self) -> None:
        # uvicorn's own loop checks for the end only ten times a second.
        loop = asyncio.create_task(super().main_loop())
        stopped = asyncio.create_task(self.should_stop.wait())
        await asyncio.wait([loop, stopped], return_when=asyncio.FIRST_COMPLETED)
        loop.cancel()
        stopped.cancel()


class Listener:
    """An ASGI app on a TCP address or a Unix socket. Port 0 means any free port, which a reopened listener keeps."""

    def __init__(
        self, app: ASGIApp, address: tuple[str, int] | Path, protocol: type[H11Protocol] = H11Protocol
    ) -> None:
        self._app = app
        self._address = address
        self._protocol = protocol
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._change = asyncio.Lock()

    @property
    def url(self) -> str:
        """The URL of the listener, e.g. ``http://127.0.0.1:8080``."""
        if isinstance(self._address, Path):
            return f"http+unix://{self._address}"
        return f"http://{self._address[0]}:{self._address[1]}"

    def _bind(self) -> socket.socket:
        if isinstance(self._address, Path):
            self._address.parent.mkdir(parents=True, exist_ok=True)
            self._address.unlink(missing_ok=True)
            listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listening.bind(str(self._address))
            # Before it listens, so that no other user can connect.
            self._address.chmod(0o600)
            return listening
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(self._address)
        except OSError as error:
            listening.close()
            raise OSError(
                error.errno, f"cannot listen on {self._address[0]}:{self._address[1]}: {error.strerror}"
            ) from error
        self._address = listening.getsockname()
        return listening

    async def open(self) -> None:
        """Start listening, unless the listener is open."""
        async with self._change:
            if self._server is not None:
                return
            listening = self._bind()
            config = uvicorn.Config(
                self._app,
                http=self._protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
            server = _Server(config)
            task = asyncio.get_running_loop().create_task(server.serve(sockets=[listening]))
            async with asyncio.timeout(START_SECONDS):
                while not server.started and not task.done():
                    await asyncio.sleep(0.005)
            if task.done():
                listening.close()
                task.result()
            self._server, self._task = server, task

    async def close(self) -> None:
        """Stop listening, and close every connection."""
        async with self._change:
            if self._server is None or self._task is None:
                return
            self._server.should_stop.set()
            await self._task
            self._server = self._task = None
            if isinstance(self._address, Path):
                self._address.unlink(missing_ok=True)
