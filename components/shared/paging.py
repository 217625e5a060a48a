"""Pages of a listing in DigitalOcean's API v2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

PAGE_SIZE = 200
"""The most entries that one page may hold (DigitalOcean API reference, pagination)."""


def page_url(api_url: str, path: str, query: Mapping[str, str], page: int) -> str:
    """The URL of a page of ``/v2/PATH``, counted from 1.

    Pages are requested by number. The link in an answer names the API's own host, and the token must go to the
    configured host alone.
    """
    return f"{api_url}/v2/{path}?{urlencode({**query, 'per_page': PAGE_SIZE, 'page': page})}"


def has_next_page(body: Mapping[str, Any]) -> bool:
    """Whether another page follows this one."""
    links: Mapping[str, Any] = body.get("links") or {}
    return "next" in (links.get("pages") or ())
