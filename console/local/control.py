"""A client of the local cloud's control API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from localcloud.machines.layout import Layout
from localcloud.tokens import CLOUDFLARE_TOKEN, DIGITALOCEAN_TOKEN

WAIT_SECONDS = 20.0
"""Seconds for which one request waits for a change."""
TIMEOUT_SECONDS = 10.0

DIGITALOCEAN = "/digitalocean/v2"
CLOUDFLARE = "/cloudflare/client/v4"
_TOKENS = {DIGITALOCEAN: DIGITALOCEAN_TOKEN, CLOUDFLARE: CLOUDFLARE_TOKEN}


class ControlError(Exception):
    """The control API did not do what it was asked for. The text says why."""


class Control:
    """Sends requests to the control socket. Every method raises ``ControlError``."""

    def __init__(self, layout: Layout) -> None:
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(layout.control_socket)),
            base_url="http://localcloud",
            timeout=TIMEOUT_SECONDS,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def changes(self, since: int, after: int) -> Any:
        """Wait for a change after the version ``since``; the answer has the requests after the number ``after``."""
        parameters: Mapping[str, float] = {"since": since, "after": after, "wait": WAIT_SECONDS}
        return await self.ask("GET", "/changes", params=parameters, timeout=WAIT_SECONDS + TIMEOUT_SECONDS)

    async def listed(self, api: str, path: str, key: str) -> list[dict[str, Any]]:
        """All entries of a listing of one of the clouds' APIs."""
        return (await self.ask("GET", f"{api}{path}", params={"per_page": 200}))[key]

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """Send a request, with full rights at the clouds' APIs. Return the answer; ``None`` without a body."""
        token = next((token for api, token in _TOKENS.items() if path.startswith(api)), None)
        if token is not None:
            options["headers"] = {"authorization": f"Bearer {token}"}
        try:
            answer = await self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            problem = str(error) or type(error).__name__
            raise ControlError(f"the local cloud's API does not answer ({problem}): run make up") from error
        if not answer.is_success:
            raise ControlError(_problem(answer))
        return answer.json() if answer.content else None


def _problem(answer: httpx.Response) -> str:
    try:
        values: dict[str, Any] = answer.json()
    except ValueError:
        values = {}
    return str(values.get("detail") or values.get("message") or f"status {answer.status_code}")
