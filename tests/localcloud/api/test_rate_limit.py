"""The rate limits of each token, and their headers."""

from __future__ import annotations

import time

import httpx
import pytest

from localcloud.api.cloud import Limits
from localcloud.api.digitalocean.ratelimit import Refusal, Window


@pytest.fixture
def limits() -> Limits:
    return Limits(requests_per_hour=100, requests_per_minute=5)


def test_every_answer_has_the_remaining_requests(http: httpx.Client) -> None:
    first, second = http.get("/v2/droplets"), http.get("/v2/nothing")
    assert first.headers["ratelimit-limit"] == "100"
    assert int(first.headers["ratelimit-remaining"]) - int(second.headers["ratelimit-remaining"]) == 1
    assert int(first.headers["ratelimit-reset"]) > 3600
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


def test_a_burst_is_rejected_with_the_time_to_retry(http: httpx.Client, discovery: httpx.Client) -> None:
    for _ in range(5):
        assert http.get("/v2/droplets").status_code == 200
    refused = http.get("/v2/droplets")
    assert (refused.status_code, refused.json()["id"]) == (429, "too_many_requests")
    assert refused.json()["message"] == "API Rate limit exceeded."
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-remaining"] == "0"
    assert int(refused.headers["ratelimit-reset"]) > time.time() + 3000, "it is the reset of the hour"
    assert discovery.get("/v2/droplets").status_code == 200, "another token has a limit of its own"


@pytest.mark.parametrize("limits", [Limits(requests_per_hour=2, requests_per_minute=5)])
def test_the_hourly_limit_answers_without_retry_after(http: httpx.Client) -> None:
    for _ in range(2):
        assert http.get("/v2/droplets").status_code == 200
    refused = http.get("/v2/droplets")
    assert (refused.status_code, refused.json()["id"]) == (429, "too_many_requests")
    assert "retry-after" not in refused.headers
    assert refused.headers["ratelimit-remaining"] == "0"
    assert 3500 < int(refused.headers["ratelimit-reset"]) - time.time() <= 3601


def test_a_request_counts_for_a_minute_and_for_an_hour() -> None:
    window = Window(Limits(requests_per_hour=4, requests_per_minute=2))
    assert [window.take(now) for now in (0, 1)] == [None, None]
    assert window.take(2) == Refusal(pytest.approx(58), burst=True)
    assert [window.take(now) for now in (60, 61)] == [None, None]
    assert window.remaining == 0
    assert window.take(200) == Refusal(pytest.approx(3400), burst=False)
    assert window.reset(200) == 3600
    assert window.take(3600) is None
