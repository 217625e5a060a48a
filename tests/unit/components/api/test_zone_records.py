"""All records of a zone are listed, page by page."""

from __future__ import annotations

import httpx
import pytest

from components.api import listing
from components.api.zone_records import PAGE_SIZE, RecordsNotListedError, records_in_zone
from components.config.loading import ProviderAccess

ACCESS = ProviderAccess("https://cloudflare.test/client/v4", "secret")


def answer_with(monkeypatch: pytest.MonkeyPatch, *answers: httpx.Response) -> list[httpx.URL]:
    """Let the API give these answers. Returns the URLs that it is asked for."""
    asked: list[httpx.URL] = []

    async def ask(url: str, token: str, *, seconds: float) -> httpx.Response:
        assert (token, seconds > 0) == ("secret", True)
        asked.append(httpx.URL(url))
        return answers[len(asked) - 1]

    monkeypatch.setattr(listing, "ask_api", ask)
    return asked


def page(name: str, pages: int) -> httpx.Response:
    return httpx.Response(200, json={"result": [{"name": name}], "result_info": {"total_pages": pages}})


async def test_each_page_of_a_zone_is_asked_for_once_with_the_filters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = answer_with(monkeypatch, page("a", 2), page("b", 2))
    assert await records_in_zone(ACCESS, "z", (), type="A") == [{"name": "a"}, {"name": "b"}]
    assert [dict(url.params) for url in asked] == [
        {"type": "A", "per_page": str(PAGE_SIZE), "page": "1"},
        {"type": "A", "per_page": str(PAGE_SIZE), "page": "2"},
    ]


async def test_a_page_that_is_refused_leaves_no_partial_list(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, page("a", 2), httpx.Response(403, text="no"))
    with pytest.raises(RecordsNotListedError, match=r"/zones/z/dns_records answered 403: no\. .*apiToken"):
        await records_in_zone(ACCESS, "z", ())
