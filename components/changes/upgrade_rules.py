"""The rules of etcd's versions: which may follow which, and which change is refused.

Sources: https://etcd.io/docs/v3.6/upgrades/upgrade_3_6/ and https://etcd.io/docs/v3.7/upgrades/upgrade_3_7/.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..config.naming import key_of
from ..config.releases import CHECKSUMS
from ..shared.versions import Version, minor_version, parse_version

STARTING_POINTS: dict[tuple[int, int], Version] = {
    (3, 6): (3, 5, 32),
    (3, 7): (3, 6, 11),
}
"""The lowest patch release from which a minor version can be reached. This program knows no other upgrades."""


WAY_BACK = (
    "the members cannot go back to an older minor version. docs/lifecycle.md (Back to an older minor version) says how "
    "another cluster can take over the data"
)
"""Why an older minor version is refused, and where the way back is described."""


def upgrade_problems(old: str, new: str, *, checksum_given: bool) -> Iterator[str]:
    """Why members that run ``old`` cannot get ``new``; nothing when they can.

    ``checksum_given`` tells that the operator set the release's checksum. Then this program allows the upgrade to the
    next minor version even if it does not know that version.
    """
    before, after = parse_version(old), parse_version(new)
    change = f"{key_of('version')} is {new}, and the cluster runs {old}"
    if after[:2] == before[:2]:
        # Patch releases share the format of data and log, so they may also go back.
        return
    if after < before:
        yield f"{change}: {WAY_BACK}. Set it back to {old}"
    elif after[:2] != (before[0], before[1] + 1):
        yield (
            f"{change}: etcd is upgraded by one minor version at a time. Set it to {_next_stop(before)} and complete "
            "a pulumi up first"
        )
    elif after[:2] in STARTING_POINTS:
        if before < STARTING_POINTS[after[:2]]:
            yield (
                f"{change}: {after[0]}.{after[1]} is reached from {_text(STARTING_POINTS[after[:2]])} or newer. "
                f"Set it to {_next_stop(before)} and complete a pulumi up first"
            )
    elif not checksum_given:
        newest = max(STARTING_POINTS)
        yield (
            f"{change}: this program knows upgrades up to {newest[0]}.{newest[1]}. Read the upgrade guide of "
            f"{after[0]}.{after[1]}, then set {key_of('releaseSha256')} as well"
        )


def cluster_version_problems(agreed: str, wanted: str, running: Collection[str]) -> Iterator[str]:
    """Why a cluster whose own version is ``agreed``, such as ``3.5.0``, cannot get ``wanted``.

    ``running`` has the versions of the members that answered. The advice prefers them to other releases.
    """
    major, minor = minor_version(agreed)
    if minor_version(wanted) < (major, minor):
        yield (
            f"{key_of('version')} is {wanted}, and the cluster version is already {major}.{minor}: {WAY_BACK}. "
            f"Set it to {newest_release(major, minor, running)}"
        )
    elif minor_version(wanted) > (major, minor + 1):
        yield (
            f"{key_of('version')} is {wanted}, and the cluster version is still {major}.{minor}: a member that does "
            f"not answer has not been upgraded. Set it to {newest_release(major, minor + 1, running)} and complete a "
            "pulumi up first"
        )


def newest_release(major: int, minor: int, running: Collection[str] = ()) -> str:
    """The newest release of a minor version: one that is ``running``, else one that this program knows.

    If there is neither, what to look for.
    """
    known: list[Version] = []
    for versions in (running, CHECKSUMS):
        known = known or [parse_version(one) for one in versions if minor_version(one) == (major, minor)]
    return _text(max(known)) if known else f"a release of {major}.{minor}, with {key_of('releaseSha256')}"


def _next_stop(before: Version) -> str:
    """The release to upgrade to first: of the same minor version if the next one cannot be reached yet."""
    major, minor, _ = before
    if before < STARTING_POINTS.get((major, minor + 1), before):
        return newest_release(major, minor)
    return newest_release(major, minor + 1)


def _text(version: Version) -> str:
    return ".".join(str(number) for number in version)
