"""What running members need before one of them is given another etcd version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from components.changes.version_order import cluster_refusals, version_refusals
from components.config.settings import Settings
from components.etcd.member_status import MemberStatus, Observation

UNDECIDED = "not_decided"
"""What etcd calls the cluster's version until its first leader has set one."""


class UpgradeError(Exception):
    """Members are not ready for the version; the text says what to do."""


class Upgrade:
    """Asked at the gates, after the others were found healthy."""

    def __init__(self, settings: Settings, version: pulumi.Output[str]) -> None:
        """``version`` is the one that the droplets of this run install."""
        self._settings = settings
        self._version = version

    async def admit(self, seen: Mapping[str, Observation]) -> None:
        """Raises ``UpgradeError`` while a member runs a version that the wanted one must not follow on.

        The record of the last run may be ahead of the members, where that run did not come to its end.
        """
        wanted = await self._version.future() or ""
        if reasons := lagging(seen, wanted, checksum_given=bool(self._settings.release_sha256)):
            raise UpgradeError("\n".join([*reasons, "No member was touched for it."]))

    async def target(self, seen: Mapping[str, Observation]) -> str:
        """The version that members are given; empty while all that answer run it already."""
        wanted = await self._version.future() or ""
        return wanted if set(versions(seen).values()) - {wanted} else ""


def versions(seen: Mapping[str, Observation]) -> dict[str, str]:
    """What each member that answers runs."""
    return {
        name: answer.version
        for name, answer in seen.items()
        if isinstance(answer, MemberStatus) and answer.version
    }


def lagging(seen: Mapping[str, Observation], wanted: str, *, checksum_given: bool) -> list[str]:
    """Why members that run these versions must not meet one that runs ``wanted``.

    The cluster's own version tells of those that do not answer: it rises when the last member has the next minor.
    """
    behind = [
        f"{name} runs etcd {version}. {reason}"
        for name, version in sorted(versions(seen).items())
        for reason in version_refusals(version, wanted, checksum_given=checksum_given)
    ]
    agreed = {
        answer.cluster_version
        for answer in seen.values()
        if isinstance(answer, MemberStatus) and answer.cluster_version not in {"", UNDECIDED}
    }
    if behind or not agreed:
        return behind
    return [reason for version in sorted(agreed) for reason in cluster_refusals(version, wanted)]


def unfinished(names: Sequence[str], seen: Mapping[str, Observation], wanted: str) -> dict[str, str]:
    """Which members do not have the version that is ``wanted``, or know that the whole cluster has its minor."""
    found: dict[str, str] = {}
    for name in names if wanted else ():
        answer = seen[name]
        if not isinstance(answer, MemberStatus):
            continue
        if answer.version != wanted:
            found[name] = f"it runs etcd {answer.version}, not {wanted}"
        elif not answer.cluster_version.startswith(f"{'.'.join(wanted.split('.')[:2])}."):
            found[name] = f"the cluster still has version {answer.cluster_version}"
    return found
