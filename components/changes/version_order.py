"""The order in which etcd's versions may follow on each other.

Source: https://etcd.io/docs/v3.6/upgrades/upgrade_3_6/ and https://etcd.io/docs/v3.7/upgrades/upgrade_3_7/.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.config.releases import CHECKSUMS
from components.shared.versions import Version, minor_version, parse_version

STARTING_POINTS: dict[tuple[int, int], Version] = {
    (3, 6): (3, 5, 32),
    (3, 7): (3, 6, 11),
}
"""The lowest patch release from which a minor version may be reached. Minor versions that are not here came after
this program, which knows nothing about them."""


def version_refusals(old: str, new: str, *, checksum_given: bool) -> Iterator[str]:
    """Why members that run ``old`` must not be given ``new``; nothing when they may.

    ``checksum_given`` tells that the operator named the release's checksum, and so answers for a minor version
    that this program does not know.
    """
    before, after = parse_version(old), parse_version(new)
    said = f"etcd:version is {new}, and the cluster has {old}"
    if after < before:
        yield f"{said}: etcd does not go back. Set it to {old} or newer"
    elif after[:2] == before[:2]:
        return
    elif after[:2] != (before[0], before[1] + 1):
        yield (
            f"{said}: etcd goes up by one minor version at a time. "
            f"Set it to {_next_stop(before)} and let a pulumi up end well first"
        )
    elif after[:2] in STARTING_POINTS:
        if before < STARTING_POINTS[after[:2]]:
            yield (
                f"{said}: {after[0]}.{after[1]} is reached from {_text(STARTING_POINTS[after[:2]])} or newer. "
                f"Set it to {_next_stop(before)} and let a pulumi up end well first"
            )
    elif not checksum_given:
        newest = max(STARTING_POINTS)
        yield (
            f"{said}: this program knows the upgrades up to {newest[0]}.{newest[1]}. Read the upgrade guide of "
            f"{after[0]}.{after[1]}, then set etcd:releaseSha256, too"
        )


def cluster_refusals(agreed: str, wanted: str) -> Iterator[str]:
    """Why a cluster whose own version is ``agreed``, such as ``3.5.0``, must not be given ``wanted``."""
    major, minor = minor_version(agreed)
    if minor_version(wanted) < (major, minor):
        yield (
            f"etcd:version is {wanted}, and the cluster itself is at {major}.{minor} already: etcd does not go back. "
            f"Set it to {newest(major, minor)}"
        )
    elif minor_version(wanted) > (major, minor + 1):
        yield (
            f"etcd:version is {wanted}, and the cluster itself is still at {major}.{minor}: a member that does not "
            f"answer has not been upgraded. Set it to {newest(major, minor + 1)} and let a pulumi up end well first"
        )


def newest(major: int, minor: int) -> str:
    """The newest release of a minor version that the program knows, or words for one where it knows none."""
    known = [parse_version(version) for version in CHECKSUMS if minor_version(version) == (major, minor)]
    return _text(max(known)) if known else f"a release of {major}.{minor}"


def _next_stop(before: Version) -> str:
    """Where to go first: the newest known patch release from which the next minor is reached, then that minor."""
    major, minor, _ = before
    if before < STARTING_POINTS.get((major, minor + 1), before):
        return newest(major, minor)
    return newest(major, minor + 1)


def _text(version: Version) -> str:
    return ".".join(str(number) for number in version)
