"""The names of a model's members."""

from __future__ import annotations

NAMES = ("member-1", "member-2", "member-3", "member-4", "member-5")

NAMES_OF = {size: NAMES[:size] for size in range(1, len(NAMES) + 1)}
"""The names of all members, by their number. A lookup, because an explorer asks a million times."""
