"""Timed runs of the Pulumi engine on a project."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

LIMIT = 300.0
"""Seconds that one run may take."""


@dataclass(frozen=True)
class Run:
    """When a run began and ended, in seconds since the epoch."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


def pulumi(project: Path, *arguments: str) -> Run:
    """Run ``pulumi`` in a project's directory. Raises ``BenchError`` with its output when it fails."""
    command = f"pulumi {' '.join(arguments)}"
    began = time.time()
    try:
        result = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=project,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{command} did not end within {LIMIT:.0f} s") from error
    ended = time.time()
    if result.returncode != 0:
        raise BenchError(f"{command} failed:\n{result.stdout}")
    return Run(began, ended)


def up(project: Path, settings: Path | None = None) -> Run:
    """Run ``pulumi up`` without a preview. ``settings`` is a file to use instead of the stack's own."""
    return pulumi(
        project, "up", "--yes", "--skip-preview", *([f"--config-file={settings}"] if settings else [])
    )


def destroy(project: Path) -> Run:
    """Run ``pulumi destroy`` without a preview."""
    return pulumi(project, "destroy", "--yes", "--skip-preview")
