"""Requests of the program: to a member by address with its name verified, and to the API."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from components.api.http_client import BrokenTokenError, Call, NoAnswerError, ask_api, ask_member
from components.api.retrying_client import RetryingClient
from components.config.errors import ConfigurationError
from components.config.loading import ProviderAccess
from components.shared.api_errors import USER_AGENT
from tests.nodes.certificates import make_authority

NAME = "localhost"
"""A name in the member's certificate."""


class Handler(BaseHTTPRequestHandler):
    """Answers what it was asked, over a connection that it keeps but after ``/last``."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        payload = f"{self.client_address[1]} {self.command} {self.path} ".encode() + body
        if self.path == "/agent":
            payload = self.headers["User-Agent"].encode()
        if self.path == "/accept":
            payload = str(self.headers["Accept"]).encode()
        self.send_response(307 if self.path == "/moved" else 503 if self.path == "/sick" else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(payload)))
        if self.path == "/last":
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def context(server: ThreadingHTTPServer, tmp_path: Path) -> ssl.SSLContext:
    """The client's, of a member's port that wants TLS."""
    make_authority().issue(tmp_path, "server", "127.0.0.1")
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(tmp_path / "server.pem", tmp_path / "server-key.pem")
    server.socket = ours.wrap_socket(server.socket, server_side=True)
    return ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_a_member_answers_several_calls_over_one_connection(
    server: ThreadingHTTPServer, context: ssl.SSLContext
) -> None:
    calls = [Call("/health"), Call("/status", {"a": 1})]
    first, second = await ask_member(NAME, "127.0.0.1", server.server_port, context, calls, seconds=5)
    port = first.text.split()[0]
    assert (first.status_code, first.text) == (200, f"{port} GET /health ")
    assert (second.status_code, second.text) == (200, f'{port} POST /status {{"a":1}}')


async def test_a_member_with_another_name_in_its_certificate_is_refused(
    server: ThreadingHTTPServer, context: ssl.SSLContext
) -> None:
    with pytest.raises(NoAnswerError, match=r"CERTIFICATE_VERIFY_FAILED.*etcd-server-2"):
        await ask_member("etcd-server-2", "127.0.0.1", server.server_port, context, [Call("/")], seconds=5)


async def test_a_member_that_hangs_up_is_asked_again_over_tls(
    server: ThreadingHTTPServer, context: ssl.SSLContext
) -> None:
    calls = [Call("/last"), Call("/health")]
    last, health = await ask_member(NAME, "127.0.0.1", server.server_port, context, calls, seconds=5)
    assert last.text.split()[0] != health.text.split()[0]
    # The server answers over TLS alone; that name and certificate agree is verified again.
    with pytest.raises(NoAnswerError, match="CERTIFICATE_VERIFY_FAILED"):
        await ask_member("etcd-server-2", "127.0.0.1", server.server_port, context, calls, seconds=5)


async def test_a_member_gets_no_accept_header_so_that_etcd_gives_it_a_user(
    server: ThreadingHTTPServer, context: ssl.SSLContext
) -> None:
    calls = [Call("/accept"), Call("/accept", {})]
    answers = await ask_member(NAME, "127.0.0.1", server.server_port, context, calls, seconds=5)
    assert [answer.text for answer in answers] == ["None", "None"]


async def test_a_silent_member_is_given_up(silent: int) -> None:
    context = ssl.create_default_context()
    with pytest.raises(NoAnswerError, match=r"^TimeoutError: no answer in time$") as caught:
        await ask_member(NAME, "127.0.0.1", silent, context, [Call("/health")], seconds=0.1)
    assert caught.value.connected


async def test_a_refused_connection_was_not_accepted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NoAnswerError, match="Connection refused") as caught:
        await ask_member(NAME, "127.0.0.1", port, ssl.create_default_context(), [Call("/")], seconds=5)
    assert not caught.value.connected


async def test_a_silent_api_is_given_up(silent: int) -> None:
    with pytest.raises(NoAnswerError, match=r"^TimeoutError: no answer in time$"):
        await ask_api(f"http://127.0.0.1:{silent}/v2/droplets", "token", seconds=0.1)


async def test_an_api_that_is_not_there_is_told_in_the_systems_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NoAnswerError, match=r"^ConnectionRefusedError: \[Errno \d+\] Connection refused$"):
        await ask_api(f"http://127.0.0.1:{port}/v2/droplets", "token", seconds=5)


async def test_an_api_learns_the_programs_own_name(server: ThreadingHTTPServer) -> None:
    answer = await ask_api(f"http://127.0.0.1:{server.server_port}/agent", "token", seconds=5)
    assert answer.text == USER_AGENT


NOWHERE = "http://127.0.0.1:9"
"""A proxy that does not exist."""


async def test_an_api_is_asked_through_the_environments_proxy(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"127.0.0.1:{server.server_port}")
    answer = await ask_api("http://api.test/v2/droplets?page=1", "token", seconds=5)
    assert answer.text.split()[1:] == ["GET", "http://api.test/v2/droplets?page=1"]


async def test_a_proxy_that_cannot_be_one_ends_the_run_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "127.0.0.1:port")
    with pytest.raises(
        ConfigurationError, match=r"^HTTP_PROXY \(or http_proxy\) .* is not the URL of a proxy"
    ):
        await ask_api("http://api.test/v2/droplets", "token", seconds=5)


async def test_an_address_that_cannot_be_one_gives_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="Octet 999"):
        await ask_api("http://999.1.1.1/v2/droplets", "token", seconds=5)


BROKEN_TOKENS = ["dop_v1_secret\n", "dop_v1_secret\r", "dop_v1_secret ", "dop_v1_secr\u00e9t"]


@pytest.mark.parametrize("token", BROKEN_TOKENS)
async def test_a_token_that_no_request_can_have_is_not_shown(server: ThreadingHTTPServer, token: str) -> None:
    with pytest.raises(BrokenTokenError, match=r"^nothing was sent, because the token has a space") as caught:
        await ask_api(f"http://127.0.0.1:{server.server_port}/v2", token, seconds=5)
    assert "dop_v1" not in str(caught.value)


@pytest.mark.parametrize("token", BROKEN_TOKENS)
def test_no_change_is_asked_for_with_a_broken_token(token: str) -> None:
    with pytest.raises(BrokenTokenError):
        RetryingClient(ProviderAccess("http://api.test", token), "/v2/")


async def test_a_change_of_the_account_goes_through_the_same_proxy(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"127.0.0.1:{server.server_port}")
    async with RetryingClient(ProviderAccess("http://api.test", "token"), "/v2/") as api:
        answer = await api.post("droplets/1/actions", {})
    assert answer.text.split()[1:3] == ["POST", "http://api.test/v2/droplets/1/actions"]


@pytest.mark.parametrize(
    "environment",
    [{"http_proxy": NOWHERE}, {"http_proxy": "", "ALL_PROXY": NOWHERE}],
    ids=["a loopback address", "a proxy that the providers ignore"],
)
async def test_an_api_is_asked_directly_where_no_proxy_is_meant_for_it(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    answer = await ask_api(f"http://127.0.0.1:{server.server_port}/v2", "token", seconds=5)
    assert answer.text.split()[1:] == ["GET", "/v2"]


async def test_a_member_is_asked_without_a_proxy(
    server: ThreadingHTTPServer, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", NOWHERE)
    monkeypatch.delenv("no_proxy", raising=False)
    (answer,) = await ask_member(NAME, "127.0.0.1", server.server_port, context, [Call("/health")], seconds=5)
    assert answer.status_code == 200


@pytest.mark.parametrize(("path", "status"), [("/well", 200), ("/sick", 503), ("/moved", 307)])
async def test_every_status_is_an_answer_and_no_redirection_is_followed(
    server: ThreadingHTTPServer, path: str, status: int
) -> None:
    answer = await ask_api(f"http://127.0.0.1:{server.server_port}{path}", "token", seconds=5)
    assert (answer.status_code, answer.text.split()[1:]) == (status, ["GET", path])


def test_the_program_loads_no_package_that_takes_long_and_is_rarely_used() -> None:
    code = (
        "import sys, components.cluster, components.config.loading\nprint('pulumi_cloudflare' in sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    assert loaded.stdout == "False\n"
