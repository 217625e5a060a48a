"""The local cloud's DigitalOcean API."""

from __future__ import annotations

from typing import Any

import httpx

from bench.errors import BenchError
from localcloud.addresses import DIGITALOCEAN_URL
from localcloud.tokens import DIGITALOCEAN_TOKEN

LIMIT = 30.0
"""Seconds that one request may take."""


class Api:
    """Sends requests to the API without Pulumi, as a person with curl would."""

    def __init__(self) -> None:
        self._client = httpx.Client(
            base_url=DIGITALOCEAN_URL,
            headers={"Authorization": f"Bearer {DIGITALOCEAN_TOKEN}"},
            timeout=LIMIT,
            trust_env=False,
        )

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and return the JSON of its answer. Raises ``BenchError`` with the API's own reason."""
        answer = self._client.request(method, path, json=body)
        if answer.is_error:
            raise BenchError(f"{method} {path} was answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None
