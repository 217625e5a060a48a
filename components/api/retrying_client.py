"""A client of a provider's API for requests that the provider's plugin does not make."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import httpx

from ..config.loading import ProviderAccess
from .http_client import api_client, in_thread
from .listing import REQUEST_TIMEOUT_SECONDS
from .retry import PAUSES, is_of_another_server, retry_delay


class RetryingClient:
    """Sends requests with the provider's own token, and repeats one that the API did not take.

    That is one that it answers with 429, or that a server in front of it refuses.

    Paths are relative to ``path``. Methods raise ``httpx.RequestError`` where the API does not answer.
    """

    def __init__(self, access: ProviderAccess, path: str) -> None:
        """Raise ``BrokenTokenError`` if no request can have the token. A run has checked it before."""
        self._client = api_client(f"{access.api_url}{path}", access.token, seconds=REQUEST_TIMEOUT_SECONDS)

    async def __aenter__(self) -> RetryingClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    async def get(self, path: str, params: Mapping[str, str | int] | None = None) -> httpx.Response:
        """Read what is at a path."""
        return await self._send("GET", path, params=params)

    async def post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """Send JSON to a path."""
        return await self._send("POST", path, json=body)

    async def patch(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """Change what is at a path by JSON."""
        return await self._send("PATCH", path, json=body)

    async def delete(self, path: str) -> httpx.Response:
        """Delete what is at a path."""
        return await self._send("DELETE", path)

    async def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        def send() -> httpx.Response:
            return self._client.request(method, path, **content)

        for pause in PAUSES:
            answer = await in_thread(send)
            if answer.status_code != 429 and not is_of_another_server(answer):
                return answer
            await asyncio.sleep(retry_delay(pause, answer.headers))
        return await in_thread(send)
