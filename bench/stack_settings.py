"""Copies of a stack's configuration with other settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def with_settings(committed: Path, directory: Path, **settings: Any) -> Path:
    """Copy a stack's file into a directory, set these keys of ``etcd:`` in the copy, and return its path."""
    document = yaml.safe_load(committed.read_text())
    document["config"] |= {f"etcd:{key}": value for key, value in settings.items()}
    changes = "-".join(f"{key}-{value}" for key, value in settings.items())
    file = directory / f"{committed.stem}.{changes}.yaml"
    file.write_text(yaml.safe_dump(document))
    return file
