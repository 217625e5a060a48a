from __future__ import annotations

import json
from typing import Any

from console.server.events import MOST_REQUESTS, SECTIONS, changes, encoded, merged
from tests.console.fake_source import healthy_page, request


def test_without_an_earlier_page_all_sections_are_new() -> None:
    assert list(changes(None, healthy_page())) == list(SECTIONS)


def test_a_section_that_is_as_before_is_not_sent() -> None:
    before = healthy_page()
    assert changes(before, healthy_page()) == {}
    assert list(changes(before, before.model_copy(update={"run": None}))) == ["run"]


def test_only_new_requests_are_sent() -> None:
    before = healthy_page()
    after = before.model_copy(
        update={"requests": [request(1, "/old"), request(2, "/new"), request(3, "/new")]}
    )
    assert [each.number for each in changes(before, after)["requests"]] == [2, 3]


def test_requests_that_are_forgotten_are_no_change() -> None:
    before = healthy_page().model_copy(update={"requests": [request(1, "/old"), request(2, "/new")]})
    assert changes(before, before.model_copy(update={"requests": [request(2, "/new")]})) == {}


def test_all_requests_are_sent_after_they_were_unknown() -> None:
    known = healthy_page()
    unknown = known.model_copy(update={"requests": None})
    assert changes(known, unknown) == {"requests": None}
    assert changes(unknown, known) == {"requests": known.requests}


def test_the_first_request_is_sent_after_none() -> None:
    none = healthy_page().model_copy(update={"requests": []})
    assert changes(none, healthy_page()) == {"requests": healthy_page().requests}


def test_a_slow_page_gets_the_last_content_and_all_requests() -> None:
    pending = {"run": 1, "requests": [request(1, "/one")]}
    later = {"run": 2, "requests": [request(2, "/two")], "members": []}
    assert merged(pending, later) == {
        "members": [],
        "run": 2,
        "requests": [request(1, "/one"), request(2, "/two")],
    }


def test_a_page_that_does_not_read_gets_the_last_requests() -> None:
    pending: dict[str, Any] = {}
    for number in range(1, MOST_REQUESTS + 11):
        pending = merged(pending, {"requests": [request(number, "/v2")]})
    assert [each.number for each in pending["requests"]] == [*range(11, MOST_REQUESTS + 11)]


def test_an_event_has_its_section_and_one_line_of_json() -> None:
    page = healthy_page()
    stack = page.stack.model_copy(update={"problem": "two\nlines"})
    event = encoded("stack", stack).decode()
    name, data, *rest = event.split("\n")
    assert name == "event: stack"
    assert json.loads(data.removeprefix("data: "))["problem"] == "two\nlines"
    assert rest == ["", ""]


def test_an_unknown_section_is_null() -> None:
    assert encoded("members", None) == b"event: members\ndata: null\n\n"
