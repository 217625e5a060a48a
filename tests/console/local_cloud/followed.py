"""A page of the tests: it keeps what the console sends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, get_type_hints

import httpx
from pydantic import TypeAdapter

from console.server.events import ALIVE
from console.view.members import Member
from console.view.page import Page

ADAPTERS = {
    name: TypeAdapter[Any](hint) for name, hint in get_type_hints(Page).items() if name in Page.model_fields
}
LIMIT = 180.0


class FollowedConsole:
    """The console's sections as a page has them. It closes at the end of a ``with`` block."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.text = ""
        """All that was sent so far."""
        self._sections: dict[str, Any] = {}
        self._client = httpx.Client(base_url=url, headers={"origin": url}, trust_env=False, timeout=LIMIT)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> FollowedConsole:
        self._thread.start()
        self.until(lambda: len(self._sections) == len(ADAPTERS), "all sections")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the page. The next event ends the connection."""
        self._closed.set()
        self._thread.join(LIMIT)
        self._client.close()

    @property
    def page(self) -> Page:
        """All sections as they are now."""
        return Page.model_construct(**self._sections)

    def member(self, name: str) -> Member:
        return next(member for member in self.page.members or [] if member.name == name)

    def done(self) -> list[str]:
        """The steps of the tour that are ticked off."""
        assert self.page.tour
        return [step.name for step in self.page.tour.steps if step.done is not None]

    @property
    def all_healthy(self) -> bool:
        members = self.page.members
        return bool(members) and all(member.healthy for member in members or [])

    def act(self, **action: Any) -> None:
        answer = self._client.post("/actions", json=action)
        assert answer.status_code == 204, answer.text

    def until(self, condition: Callable[[], object], what: str, limit: float = LIMIT) -> None:
        deadline = time.monotonic() + limit
        while not condition():
            seen = {name: content for name, content in self._sections.items() if name != "requests"}
            assert time.monotonic() < deadline, f"no {what} within {limit:g} s: {seen}"
            time.sleep(0.05)

    def _follow(self) -> None:
        with self._client.stream("GET", "/events") as answer:
            name = ""
            for line in answer.iter_lines():
                self.text += f"{line}\n"
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: ") and name != ALIVE:
                    content = ADAPTERS[name].validate_json(line.removeprefix("data: "))
                    if name == "requests" and self._sections.get(name):
                        content = [*self._sections[name], *content]
                    self._sections[name] = content
                if self._closed.is_set():
                    return
