"""Figures, their limits, and the forms in which they are shown."""

from __future__ import annotations

from pathlib import Path

import yaml

from bench.figures import Figure, compared, figures_table, write_figures


def test_a_figure_with_a_floor_is_judged_by_its_ratio() -> None:
    assert compared("boot", 2.6, 2.0, unit="s", limit=1.3).passed
    assert not compared("boot", 2.8, 2.0, unit="s", limit=1.3).passed


def test_a_figure_without_a_floor_is_judged_by_its_value() -> None:
    assert Figure("calls", 4, "calls", limit=4).passed
    assert not Figure("calls", 5, "calls", limit=4).passed
    assert Figure("memory", 300, "MiB").passed is None


def test_the_limit_of_a_throughput_is_its_least_allowed_value() -> None:
    assert compared("writes", 960, 1000, unit="writes/s", limit=0.95).passed
    assert not compared("writes", 940, 1000, unit="writes/s", limit=0.95).passed


def test_the_table_marks_figures_over_and_under_their_limits() -> None:
    table = figures_table(
        [
            compared("boot", 2.8, 2.0, unit="s", limit=1.3),
            compared("writes", 940, 1000, unit="writes/s", limit=0.95),
            Figure("calls", 4, "calls", limit=4),
        ]
    )
    assert list(table.columns[4].cells) == ["≤ 1.3", "≥ 0.95", "≤ 4"]
    assert list(table.columns[5].cells) == ["[red]over[/]", "[red]under[/]", "[green]pass[/]"]


def test_the_file_has_every_field_of_a_figure(tmp_path: Path) -> None:
    write_figures([Figure("memory", 300, "MiB")], tmp_path / "latest.json")
    assert yaml.safe_load((tmp_path / "latest.json").read_text()) == [
        {"name": "memory", "value": 300, "unit": "MiB", "floor": None, "ratio": None, "limit": None}
    ]
