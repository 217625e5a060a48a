"""Pages of a listing."""

from __future__ import annotations

from typing import Any

import pytest

from components.shared.paging import has_next_page, page_url


def test_a_page_is_requested_by_its_number() -> None:
    url = page_url("https://api.example.test", "droplets", {"tag_name": "etcd-test"}, 2)
    assert url == "https://api.example.test/v2/droplets?tag_name=etcd-test&per_page=200&page=2"


@pytest.mark.parametrize(
    ("body", "more"),
    [
        ({"links": {"pages": {"next": "https://elsewhere.example.test", "last": "…"}}}, True),
        ({"links": {"pages": {"prev": "…", "first": "…"}}}, False),
        ({"links": {"pages": None}}, False),
        ({"links": {}}, False),
        ({"links": None}, False),
        ({}, False),
    ],
)
def test_the_links_say_whether_another_page_follows(body: dict[str, Any], more: bool) -> None:
    assert has_next_page(body) is more
