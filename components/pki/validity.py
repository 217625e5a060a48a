"""The dates of certificates, and the warnings about them.

The TLS provider renews a certificate: ``early_renewal_hours`` in components/pki/authority.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ..config.naming import key_of

_FRACTION = re.compile(r"\.\d+")


@dataclass(frozen=True)
class Lifetime:
    """The period in which a certificate is valid."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Renewal:
    """The dates of a cluster's certificates, all in UTC."""

    renews_from: datetime
    """From this date on, a run renews at least one certificate."""
    renew_before: datetime
    """The first certificate expires at this date. A run must have ended before it."""
    authority_ends: datetime
    """The first of the CAs that sign expires at this date."""

    @staticmethod
    def of(leaves: Sequence[Lifetime], authorities: Sequence[Lifetime], *, share: float) -> Renewal:
        """Compute the dates. ``share`` is the last part of a lifetime, in which a run renews."""
        return Renewal(
            renews_from=min(leaf.end - (leaf.end - leaf.start) * share for leaf in leaves),
            renew_before=min(leaf.end for leaf in leaves),
            authority_ends=min(authority.end for authority in authorities),
        )

    @staticmethod
    def recorded(dates: Mapping[str, str]) -> Renewal:
        """Parse the dates that ``shown`` returned."""
        return Renewal(
            parse_time(dates["renewsFrom"]),
            parse_time(dates["renewBefore"]),
            parse_time(dates["authorityEnds"]),
        )

    def shown(self) -> dict[str, str]:
        """Format the dates for an output of the stack, such as ``2027-01-31T12:00:00Z``."""
        return {
            "renewsFrom": _text(self.renews_from),
            "renewBefore": _text(self.renew_before),
            "authorityEnds": _text(self.authority_ends),
        }

    def warning(self, now: datetime) -> str:
        """The warning that the operator needs now. Empty if there is none."""
        if now >= self.renew_before:
            return (
                f"certificates expired on {_text(self.renew_before)}, and members and clients reject each other since "
                "then. docs/lifecycle.md, Renewal, says how to renew expired certificates"
            )
        if now >= self.renews_from:
            return (
                f"certificates expire on {_text(self.renew_before)}, and members will reject each other from then on. "
                "Run pulumi up well before that date, which renews them"
            )
        return ""

    def authority_warning(self) -> str:
        """The warning about a CA that expires before the certificates that it signed. Empty if there is none."""
        if self.authority_ends > self.renew_before:
            return ""
        return (
            f"the certificate authority expires on {_text(self.authority_ends)}, before certificates that it signed. "
            f"Replace it before that date, by the steps in docs/lifecycle.md ({key_of('authorities')})"
        )


def parse_time(text: str) -> datetime:
    """Parse a time as the TLS provider writes it: RFC 3339, with nanoseconds, in any time zone."""
    return datetime.fromisoformat(_FRACTION.sub("", text)).astimezone(UTC)


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
