"""Records of a zone are listed, or one error names the service and the token."""

from __future__ import annotations

import httpx
import pytest

from components.api import listing
from components.api.existing_names import NamesNotListedError, names_in_zone
from components.config.loading import ProviderAccess

ACCESS = ProviderAccess("https://cloudflare.test/client/v4", "secret")


async def names(monkeypatch: pytest.MonkeyPatch, answer: httpx.Response) -> frozenset[str]:
    async def ask(_: str, token: str, *, seconds: float) -> httpx.Response:
        assert (token, seconds > 0) == ("secret", True)
        return answer

    monkeypatch.setattr(listing, "ask_api", ask)
    return await names_in_zone(ACCESS, "z", "example.test")


async def test_the_names_of_records_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    page = {"result": [{"name": "a.example.test"}], "result_info": {"total_pages": 1}}
    assert await names(monkeypatch, httpx.Response(200, json=page)) == {"a.example.test"}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (httpx.Response(403, json={"errors": []}), 'answered 403: {"errors":[]}'),
        (httpx.Response(200, text="<html>log in"), "did not answer in JSON: <html>log in"),
        (httpx.Response(200, json={"result": None}), "answered without a list of records"),
        (httpx.Response(200, json=[]), "answered without a list of records"),
    ],
    ids=["refused", "page of a proxy", "no records", "other JSON"],
)
async def test_any_other_answer_is_one_error_that_names_the_token(
    monkeypatch: pytest.MonkeyPatch, answer: httpx.Response, problem: str
) -> None:
    with pytest.raises(NamesNotListedError) as raised:
        await names(monkeypatch, answer)
    assert str(raised.value).startswith(f"https://cloudflare.test/client/v4/zones/z/dns_records {problem}")
    assert "cloudflare:apiToken" in str(raised.value)
