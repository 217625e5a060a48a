"""API calls are counted by member."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bench.requests import Call, most_until_healthy, per_hour, scheduled_per_hour
from tests.unit.bench.boots import bootstrap


def listings(source: str, times: Sequence[float]) -> list[Call]:
    return [Call("digitalocean", source, time) for time in times]


def test_calls_until_healthy_are_those_of_the_busiest_member() -> None:
    seen = (
        listings("203.0.113.1", [102, 103])
        + listings("10.0.0.2", [103])
        + listings("198.51.100.10", [101] * 9)
    )
    assert most_until_healthy(seen, bootstrap(104, 105)) == 2


def test_later_calls_and_other_services_do_not_count_until_healthy() -> None:
    seen = [Call("releases", "203.0.113.1", 102), *listings("203.0.113.1", [200])]
    assert most_until_healthy(seen, bootstrap(104, 105)) == 0


def test_calls_per_hour_are_those_of_an_average_member() -> None:
    seen = listings("203.0.113.1", [102, 110, 120]) + listings("203.0.113.2", [130, 140, 150])
    assert per_hour(seen, bootstrap(104, 105), until=165) == pytest.approx(2.5 * 60)


def test_the_schedule_is_read_from_the_node_package() -> None:
    assert scheduled_per_hour() == 6
