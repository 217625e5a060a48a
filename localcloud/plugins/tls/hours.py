"""How long an hour of a certificate's life is, so that tests see certificates end within minutes."""

from __future__ import annotations

import os
from datetime import timedelta

from localcloud.plugins.errors import ProviderError

VARIABLE = "LOCALCLOUD_TLS_HOUR_SECONDS"
"""Seconds in an hour, for lifetimes and renewal windows alike; 3600 where it is not set. No real provider knows it."""


def hours(count: float) -> timedelta:
    """That many hours. Raises ``ProviderError`` where the variable is no positive number."""
    text = os.environ.get(VARIABLE, "3600")
    try:
        length = float(text)
    except ValueError:
        length = 0
    if length <= 0:
        raise ProviderError(f"{VARIABLE} is {text}: set it to a positive number of seconds, or unset it")
    return timedelta(seconds=count * length)
