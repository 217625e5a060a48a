"""What every part of the benchmark works with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from localcloud.cloud import LocalCloud

PROJECT = Path(__file__).resolve().parent.parent
"""The project whose program is measured."""


@dataclass(frozen=True)
class Workplace:
    """The benchmark's own local cloud, in whose namespace this process runs, and a console."""

    cloud: LocalCloud
    console: Console
    scratch: Path
    """A directory that is removed at the end."""

    def say(self, line: str) -> None:
        """Show one line."""
        self.console.print(escape(line))
