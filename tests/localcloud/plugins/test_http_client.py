"""The stand-ins wait for an API as long as the official plugins do, and show no token."""

from __future__ import annotations

import socket
import threading
from typing import Any

import httpx
import pytest

from localcloud.plugins.digitalocean.spaces import Spaces
from localcloud.plugins.errors import ProviderError
from localcloud.plugins.http_client import HttpClient, Retries
from localcloud.plugins.waiting import Waiter

NO_LIMIT = {"connect": 30, "read": None, "write": None, "pool": None}


@pytest.fixture
def timeouts(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The time limits of each request, which is answered without a network."""
    seen: list[dict[str, Any]] = []

    def answer(_: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200, text="<Location>fra1</Location>")

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
    return seen


def test_a_silent_api_is_awaited_without_a_limit(timeouts: list[dict[str, Any]]) -> None:
    retries = Retries(1, lambda _: False, lambda *_: 0.0)
    HttpClient("token", "test", retries, Waiter(threading.Event())).request("POST", "http://127.0.0.1:1/v2")
    assert timeouts == [NO_LIMIT]


def test_a_silent_object_store_is_awaited_without_a_limit(timeouts: list[dict[str, Any]]) -> None:
    Spaces(endpoint="http://127.0.0.1:1", access_id="access", secret_key="secret").location("fra1", "backups")
    assert timeouts == [NO_LIMIT]


def test_a_token_that_no_request_can_have_is_not_shown() -> None:
    client = HttpClient(
        "secret\n", "test", Retries(2, lambda _: False, lambda *_: 0.0), Waiter(threading.Event())
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v2"
        with pytest.raises(ProviderError, match="invalid header field value for") as failed:
            client.request("GET", url)
    assert "secret" not in str(failed.value)
