"""The report of an acceptance run: one JSON file without secrets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("pulumi", "pulumi-digitalocean", "pulumi-cloudflare", "pulumi-tls")
HIDDEN = "[secret]"


class Report:
    """Collects what a run shows, and writes it to a file after each step."""

    def __init__(self, folder: Path, stack: str, hidden: Collection[str]) -> None:
        """``hidden`` are texts that the file must not hold."""
        now = datetime.now(UTC)
        self.path = folder / f"acceptance-{stack}-{now:%Y%m%dT%H%M%SZ}.json"
        self._hidden = hidden
        self._content: dict[str, Any] = {
            "began": now.isoformat(timespec="seconds"),
            "commit": _commit(folder),
            "python": sys.version.split()[0],
            "packages": {name: version(name) for name in PACKAGES},
            "steps": [],
        }

    def note(self, **values: Any) -> None:
        """Add values to the report."""
        self._content |= values
        self._write()

    def step(self, name: str, **values: Any) -> None:
        """Add a step of the run."""
        self._content["steps"].append({"step": name, **values})
        self._write()

    def _write(self) -> None:
        text = json.dumps(self._content, indent=2) + "\n"
        for secret in self._hidden:
            # As JSON writes it: a key in PEM has line ends.
            text = text.replace(json.dumps(secret)[1:-1], HIDDEN)
        self.path.touch(mode=0o600)
        self.path.write_text(text, encoding="utf-8")


def _commit(folder: Path) -> str:
    """The commit of the checkout, and whether files differ from it."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() or "unknown"
