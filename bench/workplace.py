"""The environment that every part of the benchmark runs in."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from bench.errors import BenchError
from localcloud.cloud import LocalCloud


@dataclass(frozen=True)
class Workplace:
    """The benchmark's own local cloud, whose network namespace this process runs in, and a console."""

    cloud: LocalCloud
    console: Console
    scratch: Path
    """A directory that is removed at the end."""

    def say(self, line: str) -> None:
        """Print one line."""
        self.console.print(escape(line))

    def on(self, machine: str, argv: Sequence[str], limit: float) -> str:
        """Run a command as root on a machine, named or numbered, and return its output.

        Raises ``BenchError`` when it fails, or takes more than ``limit`` seconds.
        """
        command = " ".join(argv)
        try:
            result = self.cloud.exec(
                machine, argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=limit
            )
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"{command} on {machine} did not end within {limit:.0f} s") from error
        if result.returncode != 0:
            raise BenchError(f"{command} failed on {machine}: {result.stdout[-1000:]}")
        return result.stdout
