"""Decides whether a certificate is due for renewal."""

from __future__ import annotations

import re
from datetime import datetime

from localcloud.plugins.tls.hours import hours
from localcloud.plugins.values import UNKNOWN, Properties

READY = "readyForRenewal"
_FRACTION = re.compile(r"\.(\d{1,6})\d*")


def is_due_from_the_start(planned: Properties) -> bool:
    """Return whether the renewal window is at least as long as the lifetime, so that a new certificate is due."""
    lifetime, window = planned["validityPeriodHours"], planned["earlyRenewalHours"]
    if UNKNOWN in (lifetime, window):
        return False
    return lifetime == 0 or window >= lifetime


def is_due(state: Properties, now: datetime) -> bool:
    """Return whether the early renewal window has begun."""
    end, window = state.get("validityEndTime"), state.get("earlyRenewalHours")
    if end in (None, UNKNOWN) or window in (None, UNKNOWN):
        return False
    # The real provider writes nanoseconds, which datetime cannot parse.
    ends = datetime.fromisoformat(_FRACTION.sub(r".\1", str(end)))
    return now >= ends - hours(window)
