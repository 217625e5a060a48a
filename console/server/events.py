"""The sections of the page as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from console.view.cloud import Request
from console.view.page import Page

SECTIONS = tuple(Page.model_fields)
"""The names of all sections, in the order in which they are sent."""
REQUESTS = "requests"
"""The section of which only the new entries are sent."""
MOST_REQUESTS = 1000
"""The most requests that wait for a page that does not read. It shows no more."""
ALIVE = "alive"
"""The event by which both ends notice that the connection is still there."""

_ADAPTERS: Mapping[str, TypeAdapter[Any]] = {
    name: TypeAdapter[Any](hint) for name, hint in get_type_hints(Page).items() if name in SECTIONS
}


def changes(before: Page | None, after: Page) -> dict[str, Any]:
    """Return the sections that are not as before, all of them without a page before.

    Of the requests these are the new ones, and all of them if they were unknown before.
    """
    changed = {
        name: getattr(after, name)
        for name in SECTIONS
        if before is None or getattr(before, name) != getattr(after, name)
    }
    if before is not None and before.requests is not None and changed.get(REQUESTS) is not None:
        new = _newer(before.requests, changed[REQUESTS])
        return changed | {REQUESTS: new} if new else {k: v for k, v in changed.items() if k != REQUESTS}
    return changed


def merged(pending: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sections of both, the later ones where both have one. The last requests of both are kept."""
    result = {**pending, **later}
    if pending.get(REQUESTS) and later.get(REQUESTS):
        result[REQUESTS] = [*pending[REQUESTS], *later[REQUESTS]][-MOST_REQUESTS:]
    return {name: result[name] for name in SECTIONS if name in result}


def encoded(section: str, content: object) -> bytes:
    """Return one event. JSON has no line breaks, so its data is one line."""
    return b"event: %b\ndata: %b\n\n" % (section.encode(), _ADAPTERS[section].dump_json(content))


def alive(now: float) -> bytes:
    """Return the event that says that the server is there, and what its clock says: a browser's may differ."""
    return b"event: %b\ndata: %.3f\n\n" % (ALIVE.encode(), now)


def _newer(before: Sequence[Request], after: Sequence[Request]) -> list[Request]:
    last = before[-1].number if before else 0
    return [request for request in after if request.number > last]
