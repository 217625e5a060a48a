"""The checkout that this local cloud is part of."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
"""Its folder, which has the program."""
