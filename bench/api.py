"""DigitalOcean's API, called as a person with curl would."""

from __future__ import annotations

from typing import Any

import httpx

from bench.errors import BenchError
from localcloud.addresses import DIGITALOCEAN_URL
from localcloud.tokens import DIGITALOCEAN_TOKEN

LIMIT = 30.0
"""Seconds for one call."""


class Api:
    """The local cloud's DigitalOcean API."""

    def __init__(self) -> None:
        self._client = httpx.Client(
            base_url=DIGITALOCEAN_URL,
            headers={"Authorization": f"Bearer {DIGITALOCEAN_TOKEN}"},
            timeout=LIMIT,
            trust_env=False,
        )

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's body. Raises ``BenchError`` with what an error's answer says."""
        answer = self._client.request(method, path, json=body)
        if answer.is_error:
            raise BenchError(f"{method} {path} was answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None
