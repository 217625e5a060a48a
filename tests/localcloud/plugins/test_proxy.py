"""The stand-ins use the environment's proxy as the official plugins do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from localcloud.plugins.digitalocean.spaces import Spaces
from localcloud.plugins.http_client import HttpClient, Retries
from localcloud.plugins.waiting import Waiter


class Proxy(BaseHTTPRequestHandler):
    """Answers each request with the URL that was asked for."""

    def do_GET(self) -> None:
        body = f"<Location>{self.path}</Location>".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A proxy for everything but localhost, which the environment names."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
        for name in ("http_proxy", "NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        yield
        server.shutdown()


@pytest.mark.usefixtures("proxy")
def test_a_stand_in_asks_an_api_through_the_proxy() -> None:
    retries = Retries(1, lambda _: False, lambda *_: 0.0)
    answer, _ = HttpClient("token", "test", retries, Waiter(threading.Event())).request(
        "GET", "http://api.test/v2"
    )
    assert answer.text == "<Location>http://api.test/v2</Location>"


@pytest.mark.usefixtures("proxy")
def test_a_stand_in_asks_a_bucket_through_the_proxy() -> None:
    spaces = Spaces(endpoint="http://spaces.test", access_id="access", secret_key="secret")
    assert spaces.location("fra1", "backups") == "http://spaces.test/backups?location"
