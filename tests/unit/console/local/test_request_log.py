from __future__ import annotations

from typing import Any

from console.local.request_log import KEPT, RequestLog


def recorded(
    number: int, path: str = "/v2/droplets", seconds: float | None = 0.1, **fields: Any
) -> dict[str, Any]:
    return {
        "number": number,
        "time": 1000.0 + number,
        "service": "digitalocean",
        "method": "GET",
        "path": path,
        "query": "",
        "status": 200,
        "token": "admin",
        "account": "",
        "source": "198.51.100.10",
        "seconds": seconds,
        **fields,
    }


def paths(log: RequestLog) -> list[str]:
    return [request.path for request in log.requests]


def test_requests_are_numbered_from_1_and_say_who_sent_them() -> None:
    log = RequestLog()
    log.add([recorded(7, query="page=1"), recorded(8, token="", source="203.0.113.10")])
    assert [request.number for request in log.requests] == [1, 2]
    assert log.requests[0].path == "/v2/droplets?page=1"
    assert [request.who for request in log.requests] == [
        "admin from 198.51.100.10",
        "no token from 203.0.113.10",
    ]
    assert log.after == 8


def test_a_request_is_shown_once_it_has_ended() -> None:
    log = RequestLog()
    log.add([recorded(1, "/slow", seconds=None, status=None), recorded(2, "/quick")])
    assert paths(log) == ["/quick"]
    assert log.after == 0
    log.add([recorded(1, "/slow", seconds=None, status=None), recorded(2, "/quick"), recorded(3, "/third")])
    assert paths(log) == ["/quick", "/third"]
    log.add([recorded(1, "/slow", seconds=5.0), recorded(2, "/quick"), recorded(3, "/third")])
    assert paths(log) == ["/quick", "/third", "/slow"]
    assert log.after == 3
    log.add([recorded(4, "/fourth")])
    assert paths(log) == ["/quick", "/third", "/slow", "/fourth"]
    assert [request.number for request in log.requests] == [1, 2, 3, 4]


def test_a_closed_connection_has_no_status() -> None:
    log = RequestLog()
    log.add([recorded(1, status=None, seconds=0.0)])
    assert [request.status for request in log.requests] == [None]


def test_no_new_requests_are_no_change() -> None:
    log = RequestLog()
    log.add([recorded(1)])
    before = log.requests
    log.add([])
    assert (log.requests, log.after) == (before, 1)


def test_a_new_process_of_the_api_counts_anew() -> None:
    log = RequestLog()
    log.add([recorded(number) for number in range(1, 6)])
    log.add([recorded(1, "/first")])
    assert paths(log)[-1] == "/first"
    assert log.requests[-1].number == 6
    assert log.after == 1


def test_the_oldest_requests_are_forgotten() -> None:
    log = RequestLog()
    log.add([recorded(number) for number in range(1, KEPT + 11)])
    assert (log.requests[0].number, log.requests[-1].number) == (11, KEPT + 10)
