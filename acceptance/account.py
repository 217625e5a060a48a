"""The DigitalOcean account and the zone at Cloudflare, as the acceptance run asks and changes them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from acceptance.errors import AcceptanceError
from components.api.http_client import api_client
from components.api.retry import PAUSES, is_temporary, retry_delay
from components.config.loading import ProviderAccess
from components.shared.paging import has_next_page, page_url

SECONDS = 20.0
"""Seconds that an API has to answer."""


class Account:
    """One provider's API. Methods raise ``AcceptanceError``."""

    def __init__(self, access: ProviderAccess) -> None:
        self._access = access
        self._client = api_client(access.api_url, access.token, seconds=SECONDS)

    def find(self, path: str) -> dict[str, Any] | None:
        """What is at a path, such as ``/v2/droplets/1``. ``None`` if the API says that it does not exist."""
        answer = self._send("GET", path)
        return None if answer.status_code == 404 else self._body(answer)

    def get(self, path: str) -> dict[str, Any]:
        """What is at a path."""
        return self._body(self._send("GET", path))

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send JSON to a path."""
        return self._body(self._send("POST", path, json=body))

    def delete(self, path: str) -> None:
        """Delete what is at a path, if it exists."""
        answer = self._send("DELETE", path)
        if answer.status_code != 404:
            self._body(answer)

    def list(self, kind: str, **only: str) -> Iterator[dict[str, Any]]:
        """All resources of a kind at DigitalOcean, such as ``droplets``."""
        number, more = 1, True
        while more:
            body = self.get(page_url("", kind, only, number))
            yield from body[kind]
            number, more = number + 1, has_next_page(body)

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        """Send a request, and repeat it while the API is busy. A ``POST`` is repeated only if it was refused."""
        for pause in PAUSES:
            try:
                answer = self._request(method, path, **content)
            except AcceptanceError:
                if method == "POST":
                    raise
                time.sleep(pause)
                continue
            if not (answer.status_code == 429 if method == "POST" else is_temporary(answer)):
                return answer
            time.sleep(retry_delay(pause, answer.headers))
        return self._request(method, path, **content)

    def _request(self, method: str, path: str, **content: Any) -> httpx.Response:
        url = f"{self._access.api_url}{path}"
        try:
            return self._client.request(method, url, **content)
        except httpx.RequestError as error:
            raise AcceptanceError(f"{method} {url} got no answer: {type(error).__name__} {error}") from None

    def _body(self, answer: httpx.Response) -> dict[str, Any]:
        if not answer.is_success:
            raise AcceptanceError(
                f"{answer.request.method} {answer.request.url} was answered {answer.status_code}: "
                f"{answer.text[:500]}"
            )
        return answer.json() if answer.content else {}
