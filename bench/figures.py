"""The figures of one benchmark, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich import box
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured value and its limit."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    """The least that the same costs, measured in the same benchmark and in the same unit."""
    ratio: float | None = None
    """``value`` divided by ``floor``."""
    limit: float | None = None
    """The most that ``ratio`` may be, or ``value`` where there is no floor. In a unit per second: the least."""

    @property
    def passed(self) -> bool | None:
        """Whether the figure is within its limit; ``None`` where it has none."""
        if self.limit is None:
            return None
        judged = self.value if self.ratio is None else self.ratio
        return judged >= self.limit if self.more_is_better else judged <= self.limit

    @property
    def more_is_better(self) -> bool:
        """Whether ``limit`` is the least allowed value."""
        return self.unit.endswith("/s")


def compared(name: str, value: float, floor: float, *, unit: str, limit: float | None = None) -> Figure:
    """A value compared with its floor. ``limit`` applies to their ratio."""
    return Figure(name, round(value, 3), unit, round(floor, 3), round(value / floor, 3), limit)


def figures_table(figures: Sequence[Figure]) -> Table:
    """Build a table with a row for each figure."""
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
            "" if figure.limit is None else f"{'≥' if figure.more_is_better else '≤'} {figure.limit:g}",
            {
                None: "",
                True: "[green]pass[/]",
                False: f"[red]{'under' if figure.more_is_better else 'over'}[/]",
            }[figure.passed],
        )
    return table


def write_figures(figures: Sequence[Figure], path: Path) -> None:
    """Write figures as a JSON list of objects with name, value, unit, floor, ratio and limit."""
    path.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
