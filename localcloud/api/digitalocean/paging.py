"""The pages of a collection, with ``links`` and ``meta`` as in DigitalOcean's API reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

T = TypeVar("T")

DEFAULT_PER_PAGE = 20
MAX_PER_PAGE = 200


class Pager:
    """The page of a request. Numbers that are out of bounds become the nearest bound."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.page = max(1, self._number("page", 1))
        self.per_page = min(MAX_PER_PAGE, max(1, self._number("per_page", DEFAULT_PER_PAGE)))

    def _number(self, name: str, default: int) -> int:
        text = self.request.query_params.get(name, "")
        return int(text) if text.isdecimal() else default

    def _url(self, page: int) -> str:
        return str(self.request.url.include_query_params(page=page, per_page=self.per_page))

    def __call__(self, key: str, items: Sequence[T], view: Callable[[T], Any]) -> dict[str, Any]:
        """Return the answer's body: this page of the items under ``key``."""
        last = max(1, -(-len(items) // self.per_page))
        start = (self.page - 1) * self.per_page
        pages: dict[str, str] = {}
        if self.page > 1:
            pages["first"] = self._url(1)
            pages["prev"] = self._url(min(self.page - 1, last))
        if self.page < last:
            pages["next"] = self._url(self.page + 1)
            pages["last"] = self._url(last)
        return {
            key: [view(item) for item in items[start : start + self.per_page]],
            "links": {"pages": pages} if pages else {},
            "meta": {"total": len(items)},
        }


PagerParam = Annotated[Pager, Depends(Pager)]
