"""A client of a provider's API for what the providers themselves do not do."""

from __future__ import annotations

import asyncio

import httpx

from components.api.listing import REQUEST_TIMEOUT_SECONDS
from components.api.retry import PAUSES, before_asking_again
from components.config.loading import ProviderAccess


class _Patient(httpx.AsyncHTTPTransport):
    """Asks again where the API is busy, as the providers themselves do."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for pause in PAUSES:
            answer = await super().handle_async_request(request)
            if answer.status_code != 429:
                return answer
            await answer.aclose()
            await asyncio.sleep(before_asking_again(pause, answer.headers))
        return await super().handle_async_request(request)


def client(access: ProviderAccess, path: str) -> httpx.AsyncClient:
    """A client of a provider's API below ``path``, with the provider's own token."""
    return httpx.AsyncClient(
        base_url=f"{access.api_url}{path}",
        headers={"Authorization": f"Bearer {access.token}"},
        timeout=REQUEST_TIMEOUT_SECONDS,
        transport=_Patient(),
    )
