"""Listings of the DigitalOcean API: all pages, patience with a busy API, and what a failure says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from components.api import listing
from components.api.http_client import NoAnswerError
from components.api.listing import ListingError, list_all, read_one

API = "https://api.test"


class Api:
    """Gives the answers one after the other, and keeps what was asked."""

    def __init__(self, *answers: httpx.Response | NoAnswerError) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def ask(self, url: str, token: str, *, seconds: float) -> httpx.Response:
        assert token == "secret"
        self.asked.append(url)
        answer = self._answers.pop(0)
        if isinstance(answer, NoAnswerError):
            raise answer
        return answer


def page(*names: str, after: str | None = None) -> httpx.Response:
    links = {"pages": {"next": after}} if after else {}
    return httpx.Response(200, json={"vpcs": [{"name": name} for name in names], "links": links})


async def listed(monkeypatch: pytest.MonkeyPatch, api: Api, **more: Any) -> list[str]:
    monkeypatch.setattr(listing, "ask_api", api.ask)
    return [item["name"] for item in await list_all(API, "vpcs", "secret", **more)]


async def test_every_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(page("a", "b", after="https://elsewhere.test/v2/vpcs?page=2"), page("c"))
    assert await listed(monkeypatch, api, region="fra1") == ["a", "b", "c"]
    query = f"{API}/v2/vpcs?region=fra1&per_page=200"
    assert api.asked == [f"{query}&page=1", f"{query}&page=2"]


def refusal(status: int) -> httpx.Response:
    """A refusal of the API itself."""
    return httpx.Response(status, json={"id": "forbidden", "message": "You are not authorized"})


BUSY = httpx.Response(429)


@pytest.mark.parametrize(
    "answer",
    [BUSY, httpx.Response(503), NoAnswerError("ConnectionRefusedError")],
    ids=["busy", "failing", "away"],
)
async def test_an_api_is_asked_again_as_often_as_there_are_pauses(
    monkeypatch: pytest.MonkeyPatch, answer: httpx.Response | NoAnswerError
) -> None:
    assert await listed(monkeypatch, Api(answer, answer, page("a")), pauses=(0, 0)) == ["a"]
    with pytest.raises(ListingError, match=r"the listing of vpcs|did not list the vpcs") as raised:
        await listed(monkeypatch, Api(answer, answer), pauses=(0,))
    assert raised.value.temporary


async def test_a_server_that_does_not_know_the_request_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ListingError, match="answered 501 to the listing of vpcs"):
        await listed(monkeypatch, Api(httpx.Response(501)), pauses=(0,))


@pytest.mark.parametrize(
    ("status", "cause"),
    [(401, "the token is not valid"), (403, "the token lacks the scope vpc:read")],
)
async def test_a_refusal_says_what_the_token_lacks(
    monkeypatch: pytest.MonkeyPatch, status: int, cause: str
) -> None:
    with pytest.raises(ListingError, match=f"answered {status} to the listing of vpcs: {cause}"):
        await listed(monkeypatch, Api(refusal(status)))


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_by_a_server_in_front_of_the_api_names_no_scope(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    edge = httpx.Response(status, content=b"<html>error code: 1010</html>")
    assert await listed(monkeypatch, Api(edge, page("a")), pauses=(0,)) == ["a"]
    with pytest.raises(ListingError, match="not the API's own") as raised:
        await listed(monkeypatch, Api(edge))
    assert raised.value.temporary
    assert "scope" not in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "temporary"),
    [
        (httpx.Response(500), True),
        (refusal(401), False),
        (NoAnswerError("ConnectionRefusedError"), True),
        (httpx.Response(200, content=b"<html>"), False),
        (httpx.Response(200, content=b"{}"), False),
    ],
    ids=["failing", "refused", "away", "no JSON", "no listing"],
)
async def test_a_failure_says_whether_it_may_pass(
    monkeypatch: pytest.MonkeyPatch, answer: httpx.Response | NoAnswerError, temporary: bool
) -> None:
    with pytest.raises(ListingError, match=API) as raised:
        await listed(monkeypatch, Api(answer))
    assert raised.value.temporary is temporary


async def test_a_token_that_no_request_can_have_counts_as_refused() -> None:
    for asked in (
        list_all(API, "vpcs", "a\n", pauses=(60,)),
        read_one(API, "images", "1", "a\n", pauses=(60,)),
    ):
        with pytest.raises(ListingError, match="the token has a space, a line break or another") as caught:
            await asked
        assert (caught.value.refused, caught.value.temporary) == (True, False)
