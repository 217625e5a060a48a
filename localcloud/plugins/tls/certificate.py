"""The base class of self-signed and locally signed certificates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast

from localcloud.plugins.errors import ProviderError
from localcloud.plugins.tls import renewal
from localcloud.plugins.tls.offline import OfflineResource
from localcloud.plugins.tls.uses import EXTENDED_USES, KEY_USES
from localcloud.plugins.values import UNKNOWN, Properties


class Certificate(OfflineResource):
    """A certificate that is replaced when its early renewal window has begun."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def check_plan(self, planned: Properties, prior: Properties | None) -> None:
        """Reject unknown uses and negative times."""
        uses = planned["allowedUses"]
        for use in cast(list[str], uses) if isinstance(uses, list) else []:
            if use != UNKNOWN and use not in KEY_USES and use not in EXTENDED_USES:
                known = ", ".join(sorted([*KEY_USES, *EXTENDED_USES]))
                raise ProviderError(
                    f'Invalid Attribute Value Match: allowedUses has "{use}": use one of {known}'
                )
        for key in ("validityPeriodHours", "earlyRenewalHours"):
            if planned[key] != UNKNOWN and planned[key] < 0:
                raise ProviderError(f"Invalid Attribute Value: {key} is {planned[key]}: use 0 or more hours")

    def adjust_plan(self, planned: Properties, prior: Properties | None) -> frozenset[str]:
        """Plan a replacement if the certificate is due for renewal."""
        planned[renewal.READY] = renewal.is_due_from_the_start(planned)
        if prior is None or not renewal.is_due(planned, self._now()):
            return frozenset()
        planned[renewal.READY] = UNKNOWN
        return frozenset({renewal.READY})

    def read(self, client: None, object_id: str, prior: Properties) -> Properties:
        """Return the state, in which a refresh marks a certificate that is due for renewal."""
        return {**prior, renewal.READY: True} if renewal.is_due(prior, self._now()) else prior
