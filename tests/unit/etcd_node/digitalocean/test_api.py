"""Listings of droplets: pages, rejections, and the time until the next try."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from etcd_node.digitalocean import api as listing
from etcd_node.digitalocean.address_book import AddressBook, addresses_of, identity_problem
from etcd_node.digitalocean.api import Droplet, ListingError, list_droplets
from etcd_node.host.backoff import LONGEST_RESET, after_refusal, backoff

from components.shared.api_errors import USER_AGENT

REFUSED = b'{"id": "forbidden", "message": "You are not authorized to perform this operation"}'


def droplet(number: int, public: str | None = None, private: str | None = None) -> dict[str, Any]:
    addresses = {"public": public, "private": private}
    networks = [{"ip_address": address, "type": kind} for kind, address in addresses.items() if address]
    return {"id": number, "name": f"etcd-server-{number}", "networks": {"v4": networks, "v6": []}}


class Pages:
    """Answers page by page, and records the requests."""

    def __init__(self, *pages: list[dict[str, Any]]) -> None:
        self.pages = pages
        self.asked: list[dict[str, list[str]]] = []
        self.headers: Mapping[str, str] = {}

    def __call__(self, url: str, headers: Mapping[str, str]) -> bytes:
        query = parse_qs(urlsplit(url).query)
        self.asked.append(query)
        self.headers = headers
        number = int(query["page"][0])
        links = {"pages": {"next": "https://elsewhere"}} if number < len(self.pages) else {}
        return json.dumps({"droplets": self.pages[number - 1], "links": links, "meta": {}}).encode()


def test_every_page_is_read() -> None:
    pages = Pages([droplet(1, "192.0.2.1")], [droplet(2, "192.0.2.2")], [droplet(3, "192.0.2.3")])
    found = list_droplets("https://api.test/", "secret", "etcd-test", "public", fetch=pages)
    assert [entry.address for entry in found] == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    assert [query["page"] for query in pages.asked] == [["1"], ["2"], ["3"]]


def test_only_droplets_with_the_clusters_tag_are_listed() -> None:
    pages = Pages([])
    list_droplets("https://api.test", "secret", "etcd-test", "public", fetch=pages)
    assert pages.asked[0]["tag_name"] == ["etcd-test"]
    assert pages.headers["Authorization"] == "Bearer secret"


@pytest.mark.parametrize(("kind", "address"), [("public", "192.0.2.1"), ("private", "10.0.0.1")])
def test_the_address_has_the_requested_kind(kind: str, address: str) -> None:
    pages = Pages([droplet(1, "192.0.2.1", "10.0.0.1")])
    assert list_droplets("https://api.test", "secret", "t", kind, fetch=pages)[0].address == address


def test_a_droplet_without_networks_has_no_address_yet() -> None:
    pages = Pages(
        [{"id": 1, "name": "etcd-server-1", "networks": {}}, {"id": 2, "name": "x", "networks": None}]
    )
    assert [
        entry.address for entry in list_droplets("https://api.test", "s", "t", "public", fetch=pages)
    ] == ["", ""]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"id": "x"}', b'{"droplets": [{"id": 1}]}'])
def test_an_answer_that_is_no_listing_is_an_error(body: bytes) -> None:
    with pytest.raises(ListingError):
        list_droplets("https://api.test", "secret", "t", "public", fetch=lambda _url, _headers: body)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (
            401,
            "is invalid or revoked: set etcd:discoveryToken to a token with the scopes droplet:read and tag:read, and",
        ),
        (
            403,
            "lacks a scope: set etcd:discoveryToken to a token with the scopes droplet:read and tag:read, and",
        ),
        (500, "answers 500"),
    ],
)
def test_a_rejection_is_one_line_with_its_remedy(status: int, text: str) -> None:
    message = str(listing._refusal(status, {}, REFUSED))
    assert text in message
    assert "\n" not in message


@pytest.mark.parametrize("status", [401, 403, 404])
@pytest.mark.parametrize(
    "body", [b"", b"<html>error code: 1010</html>", b'{"title": "Access denied"}', b"[]"]
)
def test_an_answer_of_another_server_says_nothing_about_the_token(status: int, body: bytes) -> None:
    refusal = listing._refusal(status, {}, body)
    assert str(refusal) == f"a server in front of the DigitalOcean API answers {status}"
    assert not refusal.missing
    assert refusal.delay(0) < listing._refusal(403, {}, REFUSED).delay(0)


class Recorder(BaseHTTPRequestHandler):
    """Answers 403 like the API, and keeps the user agent."""

    agents: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.agents.append(self.headers["User-Agent"])
        self.send_response(403)
        self.end_headers()
        self.wfile.write(REFUSED)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def test_a_member_gives_its_own_name_and_reads_the_apis_error() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(ListingError, match="lacks a scope"):
            list_droplets(url, "secret", "t", "public")
        server.shutdown()
    assert Recorder.agents == [USER_AGENT]


class Elsewhere(BaseHTTPRequestHandler):
    """Answers with a redirect to another path, and keeps the requests."""

    paths: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.paths.append(self.path)
        self.send_response(302)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def test_a_redirect_is_refused_so_the_token_reaches_no_other_host() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with pytest.raises(ListingError, match=r"answers 302$"):
            list_droplets(f"http://127.0.0.1:{server.server_port}", "secret", "t", "public")
        server.shutdown()
    assert len(Elsewhere.paths) == 1


def test_retry_after_is_honoured() -> None:
    assert after_refusal({"retry-after": "7"}, now=1000, attempt=0, jitter=0) == 7 + backoff(0, jitter=0)


def test_the_reset_of_the_rate_limit_is_honoured() -> None:
    assert after_refusal({"ratelimit-reset": "1060"}, now=1000, attempt=0, jitter=0) == 60 + backoff(
        0, jitter=0
    )


@pytest.mark.parametrize("headers", [{}, {"ratelimit-reset": "soon"}, {"ratelimit-reset": "900"}])
def test_a_refusal_without_a_time_backs_off(headers: dict[str, str]) -> None:
    assert after_refusal(headers, now=1000, attempt=2, jitter=1) == backoff(2, jitter=1)


def test_a_reset_in_the_far_future_is_not_waited_for() -> None:
    assert after_refusal({"ratelimit-reset": "99999999999"}, now=1000, attempt=0) < LONGEST_RESET + 2


def test_the_wait_doubles_up_to_its_limit_and_varies_by_half() -> None:
    assert [backoff(attempt, longest=8, jitter=1) for attempt in range(5)] == [1, 2, 4, 8, 8]
    assert backoff(3, longest=8, jitter=0) == 4
    assert backoff(10_000) <= 30


def test_a_rejected_token_is_tried_again_slowly() -> None:
    assert listing._refusal(403, {}, REFUSED).delay(0) > listing._refusal(500, {}, b"").delay(0)


def test_the_newer_of_two_droplets_counts_and_the_name_is_a_duplicate() -> None:
    addresses = addresses_of(
        [Droplet(9, "a", "192.0.2.9"), Droplet(5, "a", "192.0.2.5"), Droplet(6, "b", "")]
    )
    assert addresses.by_name == {"a": "192.0.2.9"}
    assert addresses.duplicates == {"a"}


@pytest.mark.parametrize(
    ("droplets", "problem"),
    [
        ([Droplet(1, "a", "192.0.2.1"), Droplet(2, "a", "192.0.2.2")], "two droplets are named a"),
        ([Droplet(1, "a", "")], "lists no address for this droplet"),
        ([Droplet(1, "a", "192.0.2.7")], "no address of this machine"),
    ],
)
def test_a_machine_that_may_not_be_the_listed_droplet_waits(droplets: list[Droplet], problem: str) -> None:
    found = identity_problem(addresses_of(droplets), "a", lambda address: address == "192.0.2.1")
    assert found is not None
    assert problem in found


def test_droplets_are_listed_again_only_while_a_member_is_missing() -> None:
    now = [0.0]
    asked: list[float] = []

    def ask() -> list[Droplet]:
        asked.append(now[0])
        return []

    address_book = AddressBook(ask, clock=lambda: now[0])
    for tick in range(200):
        now[0] = tick / 10
        address_book.refresh(missing=tick < 100)
    assert asked[0] == 0
    assert 3 <= len(asked) <= 6
    assert asked[-1] < 10


def test_the_first_failure_after_many_listings_is_repeated_at_once() -> None:
    now = [0.0]
    asked: list[float] = []

    def ask() -> list[Droplet]:
        asked.append(now[0])
        if len(asked) > 8:
            raise ListingError("down")
        return [Droplet(1, "a", "192.0.2.1")]

    address_book = AddressBook(ask, clock=lambda: now[0])
    while len(asked) < 11:
        now[0] += 0.5
        address_book.refresh(missing=True)
    assert asked[8] - asked[7] > 10
    assert asked[9] - asked[8] <= 1.5
    assert asked[10] - asked[9] <= 2.5


def test_a_failed_listing_is_repeated_and_its_reason_is_known() -> None:
    now = [0.0]
    answers: list[Exception | list[Droplet]] = [
        ListingError("down"),
        ListingError("down"),
        [Droplet(1, "a", "192.0.2.1")],
    ]

    def ask() -> list[Droplet]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    address_book = AddressBook(ask, clock=lambda: now[0])
    assert not address_book.refresh(missing=True)
    assert address_book.problem == "down"
    for _ in range(100):
        now[0] += 0.1
        address_book.refresh(missing=False)
    assert address_book.addresses is not None
    assert not address_book.problem
