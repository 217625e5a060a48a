"""Open connections by their client, so that a request can be left unanswered by closing its connection."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connections:
    """The connections of one listener."""

    def __init__(self) -> None:
        self._transports: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        """uvicorn's protocol, whose connections are known here."""
        transports = self._transports

        class KnownConnection(H11Protocol):
            def connection_made(self, transport: Any) -> None:
                super().connection_made(transport)
                if self.client is not None:
                    transports[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client is not None:
                    transports.pop(self.client, None)
                super().connection_lost(exc)

        return KnownConnection

    async def drop(self, scope: Scope) -> None:
        """Close the connection of a request, as a network would: at once and without a word."""
        client = scope["client"]
        if transport := self._transports.get((client[0], client[1])):
            transport.abort()
        await asyncio.sleep(0)  # uvicorn must see the loss before the app returns, or it answers with 500
