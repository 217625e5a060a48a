"""How an acceptance run asks and changes an account, by an API that is busy at first."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from acceptance.account import Account
from acceptance.errors import AcceptanceError
from components.config.loading import ProviderAccess

Answers = list[tuple[int, object]]


class Api(ThreadingHTTPServer):
    """Gives prepared answers, each once. It keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: Answers = []
        self.asked: list[str] = []

    @property
    def account(self) -> Account:
        return Account(ProviderAccess(f"http://127.0.0.1:{self.server_address[1]}", "secret"))


class Handler(BaseHTTPRequestHandler):
    server: Api

    def answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        assert self.headers["authorization"] == "Bearer secret"
        self.server.asked.append(f"{self.command} {self.path} {sent}".strip())
        status, body = self.server.answers.pop(0)
        content = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the class of the standard library names them so

    def log_message(self, *message: object) -> None:
        """Log nothing."""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    async def at_once(seconds: float) -> None:
        """Do not sleep."""

    monkeypatch.setattr(asyncio, "sleep", at_once)
    server = Api()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_exists_is_found_after_the_api_was_busy(api: Api) -> None:
    api.answers = [(429, None), (503, None), (200, {"droplet": {"id": 1}})]
    assert api.account.find("/v2/droplets/1") == {"droplet": {"id": 1}}
    assert api.asked == ["GET /v2/droplets/1"] * 3


def test_what_does_not_exist_is_no_error(api: Api) -> None:
    api.answers = [(404, {}), (404, {})]
    assert api.account.find("/v2/droplets/1") is None
    api.account.delete("/v2/droplets/1")
    assert api.asked == ["GET /v2/droplets/1", "DELETE /v2/droplets/1"]


def test_a_creation_is_repeated_only_if_it_was_refused_as_one_too_many(api: Api) -> None:
    api.answers = [(429, None), (202, {"droplet": {"id": 1}}), (500, {"id": "server_error"})]
    assert api.account.post("/v2/droplets", {"name": "a"}) == {"droplet": {"id": 1}}
    with pytest.raises(AcceptanceError, match=r"POST .*/v2/droplets was answered 500: .*server_error"):
        api.account.post("/v2/droplets", {"name": "b"})
    assert api.asked == [
        'POST /v2/droplets {"name":"a"}',
        'POST /v2/droplets {"name":"a"}',
        'POST /v2/droplets {"name":"b"}',
    ]


def test_a_deletion_without_an_answer_has_no_content(api: Api) -> None:
    api.answers = [(429, None), (204, None)]
    api.account.delete("/v2/tags/a")
    assert api.asked == ["DELETE /v2/tags/a"] * 2


def test_all_pages_are_listed(api: Api) -> None:
    more = {"links": {"pages": {"next": "https://elsewhere"}}}
    api.answers = [
        (200, {"droplets": [{"id": 1}], **more}),
        (500, None),
        (200, {"droplets": [{"id": 2}]}),
    ]
    assert [one["id"] for one in api.account.list("droplets", tag_name="a")] == [1, 2]
    assert [asked.rpartition("&page=")[2] for asked in api.asked] == ["1", "2", "2"]


def test_a_refused_listing_names_the_scope_that_the_token_lacks(api: Api) -> None:
    api.answers = [(403, {"id": "forbidden", "message": "You are missing a scope"})]
    with pytest.raises(AcceptanceError, match="lacks the scope block_storage:read"):
        api.account.list("volumes")


def test_an_api_that_does_not_answer_is_named(api: Api) -> None:
    for request in requests_of("secret"):
        with pytest.raises(AcceptanceError, match=r"^http://127\.0\.0\.1:9"):
            request()


def test_a_token_that_no_request_can_have_is_told_and_not_shown() -> None:
    for request in requests_of("secret\n"):
        with pytest.raises(AcceptanceError, match="the token has a space, a line break or another") as told:
            request()
        assert "secret" not in str(told.value)


def requests_of(token: str) -> list[Callable[[], object]]:
    """All that can be asked of an API that does not answer."""
    account = Account(ProviderAccess("http://127.0.0.1:9", token))
    return [
        lambda: account.get("/v2/account"),
        lambda: account.post("/v2/droplets", {}),
        lambda: account.delete("/v2/droplets/1"),
        lambda: account.list("droplets"),
    ]
