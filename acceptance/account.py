"""The DigitalOcean account and the zone at Cloudflare, as the acceptance run asks and changes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import httpx

from acceptance.errors import AcceptanceError
from components.api.http_client import NoAnswerError
from components.api.listing import ListingError, ask_with_retries, list_all
from components.api.retry import PAUSES
from components.api.retrying_client import RetryingClient
from components.config.loading import ProviderAccess


class Account:
    """One provider's API. A request is repeated while the API is busy. Methods raise ``AcceptanceError``."""

    def __init__(self, access: ProviderAccess) -> None:
        self._access = access

    def find(self, path: str) -> dict[str, Any] | None:
        """What is at a path, such as ``/v2/droplets/1``. ``None`` if the API says that it does not exist."""
        answer = self._read(path)
        return None if answer.status_code == 404 else _body(answer)

    def get(self, path: str) -> dict[str, Any]:
        """What is at a path."""
        return _body(self._read(path))

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send JSON to a path."""
        return _body(self._change(path, lambda api: api.post(path, body)))

    def delete(self, path: str) -> None:
        """Delete what is at a path, if it exists."""
        answer = self._change(path, lambda api: api.delete(path))
        if answer.status_code != 404:
            _body(answer)

    def list(self, kind: str, **only: Any) -> Sequence[Mapping[str, Any]]:
        """All resources of a kind at DigitalOcean, such as ``droplets`` with a ``tag_name``."""
        access = self._access
        try:
            return asyncio.run(list_all(access.api_url, kind, access.token, pauses=PAUSES, **only))
        except ListingError as error:
            raise AcceptanceError(str(error)) from None

    def _read(self, path: str) -> httpx.Response:
        url = f"{self._access.api_url}{path}"
        try:
            return asyncio.run(ask_with_retries(url, self._access.token))
        except NoAnswerError as error:
            raise AcceptanceError(f"{url} did not answer: {error}") from None

    def _change(
        self, path: str, request: Callable[[RetryingClient], Awaitable[httpx.Response]]
    ) -> httpx.Response:
        async def send() -> httpx.Response:
            async with RetryingClient(self._access, "") as api:
                return await request(api)

        try:
            return asyncio.run(send())
        except NoAnswerError as error:
            raise AcceptanceError(f"{self._access.api_url}{path} did not answer: {error}") from None
        except httpx.RequestError as error:
            url = f"{self._access.api_url}{path}"
            raise AcceptanceError(f"{url} did not answer: {type(error).__name__} {error}") from None


def _body(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        raise AcceptanceError(
            f"{answer.request.method} {answer.request.url} was answered {answer.status_code}: {answer.text[:500]}"
        )
    return answer.json() if answer.content else {}
