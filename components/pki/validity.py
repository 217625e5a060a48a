"""When certificates end, and by when a run must have renewed them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_FRACTION = re.compile(r"\.\d+")


@dataclass(frozen=True)
class Lifetime:
    """From when until when a certificate is valid."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Renewal:
    """The dates of a cluster's certificates, all in UTC."""

    renews_from: datetime
    """From here on, a run renews a certificate."""
    renew_before: datetime
    """The first certificate's end: by then a run must have ended."""
    authority_ends: datetime
    """End of the CA that signs."""

    @staticmethod
    def of(leaves: Sequence[Lifetime], authority: Lifetime, *, share: float) -> Renewal:
        """``share`` is the part of a lifetime, at its end, in which a run renews."""
        return Renewal(
            renews_from=min(leaf.end - (leaf.end - leaf.start) * share for leaf in leaves),
            renew_before=min(leaf.end for leaf in leaves),
            authority_ends=authority.end,
        )

    @staticmethod
    def recorded(dates: Mapping[str, str]) -> Renewal:
        """What ``shown`` gave."""
        return Renewal(
            parse_time(dates["renewsFrom"]),
            parse_time(dates["renewBefore"]),
            parse_time(dates["authorityEnds"]),
        )

    def shown(self) -> dict[str, str]:
        """The dates as an output of the stack, such as ``2027-01-31T12:00:00Z``."""
        return {
            "renewsFrom": _text(self.renews_from),
            "renewBefore": _text(self.renew_before),
            "authorityEnds": _text(self.authority_ends),
        }

    def warning(self, now: datetime) -> str:
        """What the operator must know now; empty while there is nothing."""
        if now >= self.renew_before:
            return (
                f"certificates ended on {_text(self.renew_before)}: members and clients refuse each other from then "
                "on. A pulumi up renews them"
            )
        if now >= self.renews_from:
            return (
                f"certificates end on {_text(self.renew_before)}: a pulumi up must have ended well before that date, "
                "so that members go on trusting each other"
            )
        return ""

    def authority_warning(self) -> str:
        """What is to be done about a CA that its own certificates would outlive; empty while there is nothing."""
        if self.authority_ends > self.renew_before:
            return ""
        return (
            f"the certificate authority ends on {_text(self.authority_ends)}, before the certificates that it signed: "
            "replace it before that date, in the steps of docs/lifecycle.md (etcd:authorities)"
        )


def parse_time(text: str) -> datetime:
    """A time as the TLS provider writes it (RFC 3339, with nanoseconds, in the zone of whoever ran it)."""
    return datetime.fromisoformat(_FRACTION.sub("", text)).astimezone(UTC)


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
