"""The proxy gives the metrics agent its part of the metadata service, and nobody else anything."""

from __future__ import annotations

import http.client
import os
import pwd
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from etcd_node.monitoring.metadata_proxy import MetadataProxy

SERVICE = "http://169.254.169.254"
ME = pwd.getpwuid(os.getuid()).pw_name
OTHER = "daemon"


@dataclass
class Metadata:
    """The requests that a stand-in for the metadata service has received."""

    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class HttpResponse:
    status: int
    type: str | None
    body: bytes


Ask = Callable[..., HttpResponse]


@pytest.fixture
def metadata() -> Metadata:
    return Metadata()


@pytest.fixture
def proxy_for(metadata: Metadata) -> Iterator[Callable[[str], Ask]]:
    """Starts a proxy for a user. Returns a function that sends requests through it."""

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            metadata.requests.append((self.command, self.path, body))
            metadata.headers.append(dict(self.headers))
            self.send_response(202 if body else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"frequency":60}')

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    service = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    running = [service]

    def start(user: str) -> Ask:
        proxy = MetadataProxy(0, f"127.0.0.1:{service.server_port}", user)
        running.append(proxy)
        threading.Thread(target=proxy.serve_forever, args=(0.01,), daemon=True).start()

        def ask(
            method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
        ) -> HttpResponse:
            connection = http.client.HTTPConnection("127.0.0.1", proxy.server_port, timeout=5)
            connection.request(method, url, body, headers or {})
            answer = connection.getresponse()
            return HttpResponse(answer.status, answer.getheader("Content-Type"), answer.read())

        return ask

    threading.Thread(target=service.serve_forever, args=(0.01,), daemon=True).start()
    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "path",
    [
        "/metadata/v1/id",
        "/metadata/v1/region",
        "/metadata/v1/auth-token",
        "/v1/appkey/droplet-auth-token",
    ],
)
def test_the_agent_can_read_its_identity(
    path: str, proxy_for: Callable[[str], Ask], metadata: Metadata
) -> None:
    headers = {"Authorization": "DOMETADATA token", "Accept-Encoding": "gzip"}
    answer = proxy_for(ME)("GET", f"{SERVICE}{path}", headers=headers)
    assert answer == HttpResponse(200, "application/json", b'{"frequency":60}')
    assert metadata.requests == [("GET", path, b"")]
    assert metadata.headers[0]["Authorization"] == "DOMETADATA token"


def test_the_agent_can_send_its_measurements(proxy_for: Callable[[str], Ask], metadata: Metadata) -> None:
    headers = {"X-Auth-Key": "key", "Content-Type": "application/timeseries-binary-0"}
    path = "/v1/metrics/droplet_id/1001"
    answer = proxy_for(ME)("POST", f"{SERVICE}{path}", b"measured\r\n\r\n", headers)
    assert answer == HttpResponse(202, "application/json", b'{"frequency":60}')
    assert metadata.requests == [("POST", path, b"measured\r\n\r\n")]
    assert metadata.headers[0].items() >= headers.items()


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", f"{SERVICE}/metadata/v1/user-data"),
        ("GET", f"{SERVICE}/metadata/v1.json"),
        ("GET", f"{SERVICE}/metadata/v1/"),
        ("GET", f"{SERVICE}/metadata/v1/id/../user-data"),
        ("GET", f"{SERVICE}/metadata/v1/id?x=/metadata/v1/user-data"),
        ("GET", f"{SERVICE}/v1/metrics/droplet_id/../../metadata/v1/user-data"),
        ("GET", "http://example.test/metadata/v1/id"),
        ("POST", f"{SERVICE}/metadata/v1/id"),
    ],
)
def test_every_other_request_of_the_agent_is_rejected(
    method: str, url: str, proxy_for: Callable[[str], Ask], metadata: Metadata
) -> None:
    assert proxy_for(ME)(method, url).status == 403
    assert metadata.requests == []


def test_requests_of_other_users_are_rejected(proxy_for: Callable[[str], Ask], metadata: Metadata) -> None:
    assert proxy_for(OTHER)("GET", f"{SERVICE}/metadata/v1/id").status == 403
    assert metadata.requests == []


def test_a_request_hidden_in_a_body_is_not_forwarded(
    proxy_for: Callable[[str], Ask], metadata: Metadata
) -> None:
    hidden = b"0\r\n\r\nGET /metadata/v1/user-data HTTP/1.1\r\nHost: x\r\n\r\n"
    proxy_for(ME)("GET", f"{SERVICE}/metadata/v1/id", hidden, {"Transfer-Encoding": "chunked"})
    assert metadata.requests == [("GET", "/metadata/v1/id", b"")]
    assert "Transfer-Encoding" not in metadata.headers[0]
