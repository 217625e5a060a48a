"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """A proof in a history that the cluster broke a promise."""

    check: str
    """The promise, e.g. ``revisions``."""

    text: str
    """A sentence with the keys, calls and revisions."""
