"""The length of an hour in certificates' lifetimes. Tests shorten it, so that certificates expire within minutes."""

from __future__ import annotations

import os
from datetime import timedelta

from localcloud.plugins.errors import ProviderError

VARIABLE = "LOCALCLOUD_TLS_HOUR_SECONDS"
"""Environment variable with the seconds of an hour in lifetimes and renewal windows; 3600 by default.

The real provider ignores it.
"""


def hours(count: float) -> timedelta:
    """Return the duration of ``count`` hours. Raises ``ProviderError`` if the variable is not a positive number."""
    text = os.environ.get(VARIABLE, "3600")
    try:
        length = float(text)
    except ValueError:
        length = 0
    if length <= 0:
        raise ProviderError(f"{VARIABLE} is {text}: set it to a positive number of seconds, or unset it")
    return timedelta(seconds=count * length)
