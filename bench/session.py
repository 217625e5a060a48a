"""``python -m bench.session NAME FILE PART...`` runs the benchmark inside its local cloud."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from bench.backups import measure_backups
from bench.bootstrap import measure_bootstrap
from bench.console import measure_console
from bench.errors import BenchError
from bench.figures import Figure, figures_table, write_figures
from bench.growth import measure_growth
from bench.load import measure_load
from bench.package import measure_package
from bench.parts import Part
from bench.replacement import measure_replacement
from bench.unchanged import measure_unchanged
from bench.upkeep import measure_upkeep
from bench.workplace import Workplace
from localcloud.cloud import LocalCloud
from localcloud.machines.errors import LocalCloudError

MEASURE: dict[Part, Callable[[Workplace], list[Figure]]] = {
    Part.BOOTSTRAP: measure_bootstrap,
    Part.UNCHANGED: measure_unchanged,
    Part.PACKAGE: measure_package,
    Part.REPLACEMENT: measure_replacement,
    Part.LOAD: measure_load,
    Part.GROWTH: measure_growth,
    Part.BACKUPS: measure_backups,
    Part.UPKEEP: measure_upkeep,
    Part.CONSOLE: measure_console,
}


def main(name: str, file: str, parts: Iterable[str]) -> None:
    """Measure, print the table and write the file. An error is printed as one message."""
    console = Console(highlight=False)
    figures: list[Figure] = []
    try:
        with tempfile.TemporaryDirectory(prefix="etcd-bench-") as scratch:
            place = Workplace(LocalCloud(name), console, Path(scratch))
            for part in map(Part, parts):
                console.print(f"[bold]{part}[/]")
                figures += MEASURE[part](place)
    except (BenchError, LocalCloudError) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        # Ctrl-C reaches the caller, too, which prints a message.
        sys.exit(130)
    console.print(figures_table(figures))
    write_figures(figures, Path(file))
    console.print(escape(f"written to {file}"))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
