"""One listening address of the process, which can be closed and opened again."""

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
GRACE_SECONDS = 1


class _Server(uvicorn.Server):
    """uvicorn's server, which leaves signals to the process that runs several, and stops when it is told to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.leave = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def main_loop(self) -> None:
        # uvicorn's own loop looks for an end ten times a second.
        loop = asyncio.create_task(super().main_loop())
        told = asyncio.create_task(self.leave.wait())
        await asyncio.wait([loop, told], return_when=asyncio.FIRST_COMPLETED)
        loop.cancel()
        told.cancel()


class Listener:
    """An ASGI app on a TCP address or a Unix socket; port 0 is a free one, kept when it is opened again."""

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
        """Where it listens, e.g. ``http://127.0.0.1:8080``."""
        if isinstance(self._address, Path):
            return f"http+unix://{self._address}"
        return f"http://{self._address[0]}:{self._address[1]}"

    def _bind(self) -> socket.socket:
        if isinstance(self._address, Path):
            self._address.parent.mkdir(parents=True, exist_ok=True)
            self._address.unlink(missing_ok=True)
            listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listening.bind(str(self._address))
            self._address.chmod(0o600)  # before it listens, so that nobody else can connect even for a moment
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
        """Listen; a listener that is open stays as it is."""
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
        """Listen no longer, and close every connection; new ones are refused."""
        async with self._change:
            if self._server is None or self._task is None:
                return
            self._server.leave.set()
            await self._task
            self._server = self._task = None
            if isinstance(self._address, Path):
                self._address.unlink(missing_ok=True)
