"""The open connections of a listener, so that one can be closed without an answer."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connections:
    """The open connections of one listener, by client address."""

    def __init__(self) -> None:
        self._transports: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        """Return uvicorn's protocol with connections that register themselves here."""
        transports = self._transports

        class RegisteredConnection(H11Protocol):
            def connection_made(self, transport: Any) -> None:
                super().connection_made(transport)
                if self.client is not None:
                    transports[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client is not None:
                    transports.pop(self.client, None)
                super().connection_lost(exc)

        return RegisteredConnection

    async def drop(self, scope: Scope) -> None:
        """Reset the connection of a request, as a network failure does."""
        client = scope["client"]
        if transport := self._transports.get((client[0], client[1])):
            transport.abort()
        # uvicorn must notice the closed connection before the app returns; otherwise it answers with 500.
        await asyncio.sleep(0)
