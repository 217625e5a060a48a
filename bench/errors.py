"""What a user of the benchmark reads when it cannot go on."""

from __future__ import annotations


class BenchError(RuntimeError):
    """A measurement failed. The text is for people: what failed, what was last seen, where to look."""
