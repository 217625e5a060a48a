"""The console's cost is what an open page adds to the rest of a local cloud."""

from __future__ import annotations

from pathlib import Path

from bench.console import Cost, figures
from bench.processor import processor_seconds

CLOSED = [Cost(8.0, 0.0, 1.0), Cost(9.0, 0.0, 1.0), Cost(30.0, 0.0, 1.0)]


def test_an_open_page_is_charged_with_what_it_adds() -> None:
    added, own, closed, requests, others = figures([Cost(10.5, 0.6, 2.0)] * 3, CLOSED)
    assert (added.value, added.passed) == (1.5, True)
    assert (own.value, closed.value) == (0.6, 0.0)
    assert (requests.value, others.value) == (2.0, 1.0)


def test_a_page_that_adds_too_much_is_over_its_limit() -> None:
    assert figures([Cost(11.5, 0.6, 2.0)] * 3, CLOSED)[0].passed is False


def test_a_group_tells_its_processor_time_in_seconds(tmp_path: Path) -> None:
    (tmp_path / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n")
    assert processor_seconds(tmp_path) == 2.5


def test_a_group_that_does_not_exist_has_used_nothing(tmp_path: Path) -> None:
    assert processor_seconds(tmp_path / "console") == 0.0
