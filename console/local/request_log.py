"""The requests to the clouds' APIs, in the order in which they ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from console.view.cloud import Request

KEPT = 300
"""The number of requests that a page gets when it is opened."""


class RequestLog:
    """What the control API recorded. A request is shown when it has ended, so that its status is known."""

    def __init__(self) -> None:
        self.after = 0
        """The number of the last request of the control API that need not be sent again."""
        self._shown: set[int] = set()
        """Numbers after ``after`` that are shown already."""
        self._count = 0
        self.requests: list[Request] = []

    def add(self, recorded: Sequence[Mapping[str, Any]]) -> None:
        """Add what the control API has recorded after ``after``."""
        if recorded and recorded[-1]["number"] < self.after:
            # A new process of the API counts from 1 again.
            self.after, self._shown = 0, set()
        ended = [one for one in recorded if one["seconds"] is not None and one["number"] not in self._shown]
        ended.sort(key=lambda one: one["time"] + one["seconds"])
        self._shown |= {one["number"] for one in ended}
        self.requests = [*self.requests, *map(self._request, ended)][-KEPT:]
        under_way = [one["number"] for one in recorded if one["seconds"] is None]
        if recorded:
            self.after = min(under_way, default=recorded[-1]["number"] + 1) - 1
        self._shown = {number for number in self._shown if number > self.after}

    def _request(self, recorded: Mapping[str, Any]) -> Request:
        self._count += 1
        return Request(
            number=self._count,
            time=recorded["time"],
            service=recorded["service"],
            method=recorded["method"],
            path=recorded["path"] + (f"?{recorded['query']}" if recorded["query"] else ""),
            status=recorded["status"],
            who=f"{recorded['token'] or 'no token'} from {recorded['source']}",
        )
