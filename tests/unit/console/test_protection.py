from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from console.server.protection import refusal

PORT = 9070
OWN = {"host": "127.0.0.1:9070"}
POSTED = {
    **OWN,
    "origin": "http://127.0.0.1:9070",
    "sec-fetch-site": "same-origin",
    "content-type": "application/json",
    "content-length": "20",
}


def status(method: str, headers: dict[str, str], *, path: str = "/", port: int = PORT) -> int:
    """The status with which a request is refused, or 0."""
    refused = refusal(method, path, Headers(headers), port)
    return refused.status if refused else 0


@pytest.mark.parametrize("host", ["127.0.0.1:9070", "localhost:9070", "[::1]:9070"])
def test_the_names_of_loopback_are_served(host: str) -> None:
    assert status("GET", {"host": host}) == 0
    assert status("GET", {"host": host, "origin": f"http://{host}"}) == 0


@pytest.mark.parametrize(
    "host",
    ["", "127.0.0.1", "127.0.0.1:9071", "localhost", "evil.example:9070", "127.0.0.1.evil.example:9070"],
)
def test_any_other_host_is_refused(host: str) -> None:
    assert status("GET", {"host": host}) == 421
    assert status("POST", {**POSTED, "host": host, "origin": f"http://{host}"}) == 421


def test_the_page_itself_may_post() -> None:
    assert status("POST", POSTED) == 0
    assert status("POST", {**POSTED, "content-type": "application/json; charset=utf-8"}) == 0


@pytest.mark.parametrize(
    "origin", ["null", "https://127.0.0.1:9070", "http://127.0.0.1:3000", "http://evil.example"]
)
def test_a_request_of_another_origin_is_refused(origin: str) -> None:
    assert status("GET", {**OWN, "origin": origin}) == 403
    assert status("HEAD", {**OWN, "origin": origin}) == 403
    assert status("POST", {**POSTED, "origin": origin}) == 403


def test_a_change_without_an_origin_is_refused() -> None:
    assert status("POST", {name: text for name, text in POSTED.items() if name != "origin"}) == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_every_method_that_changes_is_checked(method: str) -> None:
    assert status(method, {**POSTED, "origin": "http://evil.example"}) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_change_from_another_site_is_refused(site: str) -> None:
    assert status("POST", {**POSTED, "sec-fetch-site": site}) == 403
    assert status("POST", {**POSTED, "sec-fetch-site": site, "sec-fetch-mode": "navigate"}) == 403


def test_other_sites_may_link_to_the_console_and_not_read_it() -> None:
    assert status("GET", {**OWN, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}) == 0
    assert status("GET", {**OWN, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}) == 403
    assert status("GET", {**OWN, "sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}) == 403


NAVIGATION = {**OWN, "sec-fetch-mode": "navigate"}


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
@pytest.mark.parametrize(
    ("path", "target", "refused"),
    [
        ("/", "document", 0),
        ("/", "iframe", 403),
        ("/", "frame", 403),
        ("/", "embed", 403),
        ("/", "object", 403),
        ("/events", "document", 403),
        ("/events", "iframe", 403),
    ],
)
def test_a_frame_of_another_site_shows_nothing_of_the_console(
    site: str, path: str, target: str, refused: int
) -> None:
    headers = {**NAVIGATION, "sec-fetch-site": site, "sec-fetch-dest": target}
    assert status("GET", headers, path=path) == refused


def test_the_page_itself_reads_the_stream() -> None:
    own = {**OWN, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}
    assert status("GET", own, path="/events") == 0


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_at_the_port_of_http_browsers_leave_it_out(name: str) -> None:
    for host in (name, f"{name}:80"):
        headers = {**POSTED, "host": host, "origin": f"http://{host}"}
        assert status("POST", headers, port=80) == status("GET", {"host": host}, port=80) == 0
    assert status("GET", {"host": "evil.example"}, port=80) == 421
    assert status("GET", {"host": f"{name}:8080"}, port=80) == 421


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_what_a_form_can_send_is_refused(kind: str) -> None:
    assert status("POST", {**POSTED, "content-type": kind}) == 415


@pytest.mark.parametrize("length", ["", "65537", "-1", "many"])
def test_a_long_body_and_one_of_unknown_length_are_refused(length: str) -> None:
    assert status("POST", {**POSTED, "content-length": length}) == 413
