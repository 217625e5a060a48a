"""``python -m bench`` starts a local cloud, runs the benchmark in it, and removes it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated, Never

import typer
from rich.console import Console
from rich.markup import escape

from bench.parts import Part
from localcloud.checkout import CHECKOUT
from localcloud.cli.naming import default_name
from localcloud.cloud import LocalCloud
from localcloud.machines.api_process import REQUESTS_PER_MINUTE
from localcloud.machines.errors import LocalCloudError
from localcloud.machines.layout import RUN_ROOT
from localcloud.machines.lock import locked
from localcloud.toolchain.benchmark import ensure_benchmark
from localcloud.toolchain.errors import ToolchainError

FILE = Path(__file__).with_name("latest.json")


def cloud_name() -> str:
    """The name of the benchmark's own local cloud, one for each checkout."""
    return f"bench-{default_name()[-6:]}"


def bench(console: Console, parts: Sequence[Part]) -> int:
    """Measure in a fresh local cloud, and always remove it at the end."""

    def say(line: str) -> None:
        console.print(escape(line))

    name = cloud_name()
    cloud = LocalCloud(name, say)
    if {Part.LOAD, Part.BACKUPS, Part.UPKEEP} & set(parts):
        ensure_benchmark()
    with locked(RUN_ROOT / f"{name}.bench.lock", "bench", say):
        try:
            # An interrupted benchmark may have left its local cloud.
            cloud.reset()
            # Runs follow each other without a pause. With the usual limit, some would wait for the API.
            os.environ[REQUESTS_PER_MINUTE] = "2500"
            cloud.start()
            command = [sys.executable, "-m", "bench.session", name, str(FILE), *parts]
            return cloud.run(command, cwd=CHECKOUT).returncode
        finally:
            cloud.reset()


def _end(number: int, frame: FrameType | None) -> Never:
    """End as Ctrl-C does, so that the local cloud is removed."""
    raise KeyboardInterrupt


def main(
    only: Annotated[list[Part] | None, typer.Option(help="Run this part only. Can be repeated.")] = None,
) -> None:
    """Measure, print a table, and write bench/latest.json. A figure beyond its limit is marked, and is no failure."""
    signal.signal(signal.SIGTERM, _end)
    console = Console(highlight=False)
    try:
        sys.exit(bench(console, [part for part in Part if not only or part in only]))
    except (LocalCloudError, ToolchainError) as error:
        console.print(f"[bold red]bench:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("bench: interrupted; its local cloud has been removed")
        sys.exit(130)


typer.run(main)
