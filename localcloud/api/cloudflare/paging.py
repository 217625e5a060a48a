"""The pages of a collection, with ``result_info``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import Request

from localcloud.api.cloudflare.envelope import success


def paged(request: Request, items: Sequence[Any], default: int, maximum: int) -> dict[str, Any]:
    """Return the requested page of views. Numbers that are out of bounds become the nearest bound."""
    page = max(1, _number(request, "page", 1))
    per_page = min(maximum, max(1, _number(request, "per_page", default)))
    shown = items[(page - 1) * per_page : page * per_page]
    info = {
        "page": page,
        "per_page": per_page,
        "count": len(shown),
        "total_count": len(items),
        "total_pages": -(-len(items) // per_page),
    }
    return success(shown, result_info=info)


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() else default
