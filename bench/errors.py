"""The error that ends a benchmark."""

from __future__ import annotations


class BenchError(RuntimeError):
    """A measurement failed. The text says what failed, what was observed last, and where to look."""
