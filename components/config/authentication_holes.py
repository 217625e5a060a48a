"""The releases of etcd that let some requests past the permission checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..shared.versions import minor_version, parse_version
from .access_settings import AccessSettings
from .naming import key_of
from .releases import CHECKSUMS


@dataclass(frozen=True)
class Hole:
    """What a client can do although its permissions do not allow it."""

    what: str
    source: str
    repaired: Mapping[tuple[int, int], int | None]
    """The first patch release without it, by minor version. ``None`` if no release of the minor version is known."""

    def affects(self, version: str) -> bool:
        """Whether a release has it. A minor version that is not listed has not."""
        patch = self.repaired.get(minor_version(version), 0)
        return patch is None or parse_version(version)[2] < patch


HOLES = (
    # Each of these releases contains the repairs of earlier advisories: GHSA-q8m4-xhhv-38mg (member list, alarms and
    # leases), GHSA-rfx7-8w68-q57q and GHSA-x35m-3gp4-4fh5 (transactions).
    Hole(
        "a client that may read one key can watch all keys after it",
        "GHSA-xg4h-6gfc-h4m8",
        MappingProxyType({(3, 5): 33, (3, 6): 14, (3, 7): 1}),
    ),
    # server/etcdserver/apply.go replaces the applier that checks permissions when an alarm is raised.
    Hole(
        "while an alarm is raised, such as that of a full database, each client can delete all keys and switch "
        "authentication off",
        "etcd-io/etcd pull request 22386",
        MappingProxyType({(3, 5): None}),
    ),
)


def authentication_warning(settings: AccessSettings, version: str) -> str:
    """The warning about an etcd ``version`` that does not enforce all permissions; empty if there is no reason."""
    found = [hole for hole in HOLES if settings.auth and hole.affects(version)]
    if not found:
        return ""
    reasons = ", and ".join(f"{hole.what} ({hole.source})" for hole in found)
    return (
        f"{key_of('version')} is {version}, and {key_of('auth')} is true: in this version, {reasons}. "
        f"{_way_out(version, found)}"
    )


def _way_out(version: str, found: list[Hole]) -> str:
    minor = minor_version(version)
    repaired = [hole.repaired[minor] for hole in found]
    known = [
        one
        for one in sorted(CHECKSUMS, key=parse_version)
        if parse_version(one) > parse_version(version) and not any(hole.affects(one) for hole in HOLES)
    ]
    of_minor = [one for one in known if minor_version(one) == minor]
    if None in repaired:
        way = f"Upgrade to {minor[0]}.{minor[1] + 1}"
        return f"{way}: the newest release that this program knows is {known[-1]}"
    first = f"{minor[0]}.{minor[1]}.{max(patch for patch in repaired if patch is not None)}"
    way = f"Use {first} or newer"
    return f"{way}: the newest release that this program knows is {of_minor[-1]}" if of_minor else way
