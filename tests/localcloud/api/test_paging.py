"""The pages of a collection, for all sizes."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from localcloud.api.digitalocean.paging import Pager


def page(total: int, **query: int | str) -> dict[str, object]:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "server": ("203.0.113.1", 8080),
        "path": "/v2/droplets",
        "query_string": text.encode(),
        "headers": [],
    }
    return Pager(Request(scope))("items", list(range(total)), lambda item: item)


@given(total=st.integers(0, 500), per_page=st.integers(1, 250))
def test_following_next_returns_every_item_once(total: int, per_page: int) -> None:
    seen: list[int] = []
    body = page(total, per_page=per_page)
    for _ in range(total + 1):
        seen += body["items"]  # type: ignore[operator]
        pages = body["links"].get("pages", {})  # type: ignore[union-attr]
        if "next" not in pages:
            break
        body = page(total, **dict(httpx.URL(pages["next"]).params))
    assert seen == list(range(total))
    assert body["meta"] == {"total": total}


@given(total=st.integers(0, 500), per_page=st.integers(1, 200), number=st.integers(1, 60))
def test_only_links_to_existing_pages_are_returned(total: int, per_page: int, number: int) -> None:
    body = page(total, per_page=per_page, page=number)
    pages = body["links"].get("pages", {})  # type: ignore[union-attr]
    last = max(1, -(-total // per_page))
    assert ("first" in pages) == ("prev" in pages) == (number > 1)
    assert ("next" in pages) == ("last" in pages) == (number < last)
    if "last" in pages:
        assert httpx.URL(pages["last"]).params["page"] == str(last)


def test_links_are_absolute_and_keep_the_filter() -> None:
    pages = page(3, per_page=1, page=2, tag_name="etcd")["links"]["pages"]  # type: ignore[index]
    assert pages["next"].startswith("http://203.0.113.1:8080/v2/droplets?")
    assert httpx.URL(pages["next"]).params["tag_name"] == "etcd"


@pytest.mark.parametrize(
    ("query", "shown"), [({}, 20), ({"per_page": 1000}, 200), ({"per_page": 0}, 1), ({"page": "x"}, 20)]
)
def test_numbers_out_of_bounds_become_the_nearest_bound(query: dict[str, int | str], shown: int) -> None:
    assert len(page(500, **query)["items"]) == shown  # type: ignore[arg-type]


def test_the_listing_of_a_service_is_paged(http: httpx.Client) -> None:
    for number in range(5):
        http.post("/v2/tags", json={"name": f"tag-{number}"})
    names: list[str] = []
    url = "/v2/tags?per_page=2"
    while url:
        body = http.get(url).json()
        names += [tag["name"] for tag in body["tags"]]
        url = body["links"].get("pages", {}).get("next", "")
    assert names == [f"tag-{number}" for number in range(5)]
