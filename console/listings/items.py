"""A listing, as DigitalOcean's API answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

Items = Sequence[Mapping[str, Any]]


def texts(values: object) -> list[str]:
    """The texts of a list that an item has. None if it has no such list."""
    return [str(one) for one in cast("Sequence[object]", values or ())]
