"""Requests that the API refuses as too many are sent again."""

from __future__ import annotations

import httpx
import pytest

from components.api import retrying_client
from components.api.retrying_client import RetryingClient
from components.config.loading import ProviderAccess

ACCESS = ProviderAccess("https://api.test", "secret")
TOO_MANY = httpx.Response(429)


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """Requests that the API gets. It refuses the first two."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return TOO_MANY if len(seen) <= 2 else httpx.Response(200)

    def api_client(url: str, token: str, *, seconds: float) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(
            base_url=url, headers=headers, timeout=seconds, transport=httpx.MockTransport(answer)
        )

    monkeypatch.setattr(retrying_client, "api_client", api_client)
    return seen


async def test_a_request_is_sent_again_while_the_api_is_busy(
    monkeypatch: pytest.MonkeyPatch, requests: list[httpx.Request]
) -> None:
    monkeypatch.setattr(retrying_client, "PAUSES", (0, 0))
    async with RetryingClient(ACCESS, "/v2/") as api:
        answer = await api.post("droplets/1/actions", {"type": "shutdown"})
    assert answer.status_code == 200
    assert {(str(request.url), request.content) for request in requests} == {
        ("https://api.test/v2/droplets/1/actions", b'{"type":"shutdown"}')
    }
    assert len(requests) == 3


async def test_the_last_refusal_is_the_answer(
    monkeypatch: pytest.MonkeyPatch, requests: list[httpx.Request]
) -> None:
    monkeypatch.setattr(retrying_client, "PAUSES", (0,))
    async with RetryingClient(ACCESS, "/v2/") as api:
        assert (await api.delete("droplets/1")).status_code == 429
    assert len(requests) == 2
