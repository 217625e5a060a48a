"""Runs the Pulumi engine on a project, and times it."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

LIMIT = 300.0
"""Seconds for one run."""


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
    """Run ``pulumi`` in a project's directory. Raises ``BenchError`` with what it wrote when it fails."""
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
        raise BenchError(f"pulumi {' '.join(arguments)}: no end after {LIMIT:.0f} s") from error
    ended = time.time()
    if result.returncode != 0:
        raise BenchError(f"pulumi {' '.join(arguments)} failed:\n{result.stdout}")
    return Run(began, ended)


def up(project: Path, settings: Path | None = None) -> Run:
    """Bring the stack up, without a preview and without questions.

    ``settings`` is a file that takes the place of the stack's own.
    """
    return pulumi(
        project, "up", "--yes", "--skip-preview", *([f"--config-file={settings}"] if settings else [])
    )


def destroy(project: Path) -> Run:
    """Remove what the stack has."""
    return pulumi(project, "destroy", "--yes", "--skip-preview")
