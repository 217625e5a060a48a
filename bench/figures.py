"""The figures of one run: as a table for people, as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich import box
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured value and what it may be at most."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    """What the same costs at the least, measured in the same run, in the same unit."""
    ratio: float | None = None
    """``value`` as a multiple of ``floor``."""
    limit: float | None = None
    """The most that ``ratio`` may be; of a figure without a floor, the most that ``value`` may be."""

    @property
    def passed(self) -> bool | None:
        """Whether the figure is within its limit; ``None`` where it has none."""
        if self.limit is None:
            return None
        return (self.value if self.ratio is None else self.ratio) <= self.limit


def beside(name: str, value: float, floor: float, *, unit: str, limit: float) -> Figure:
    """A value with its floor, limited by their ratio."""
    return Figure(name, round(value, 3), unit, round(floor, 3), round(value / floor, 3), limit)


def figures_table(figures: Sequence[Figure]) -> Table:
    """One row for each figure."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("figure", overflow="fold")
    for heading in ("value", "floor", "ratio", "limit"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for figure in figures:
        table.add_row(
            figure.name,
            f"{figure.value:.4g} {figure.unit}",
            "" if figure.floor is None else f"{figure.floor:.4g} {figure.unit}",
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            "" if figure.limit is None else f"{figure.limit:g}",
            {None: "", True: "[green]pass[/]", False: "[red]over[/]"}[figure.passed],
        )
    return table


def write_figures(figures: Sequence[Figure], path: Path) -> None:
    """Write all figures as one JSON list of objects: name, value, unit, floor, ratio, limit."""
    path.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
