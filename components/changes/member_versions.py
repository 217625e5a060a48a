"""Whether the running members are ready for another version of etcd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from ..config.settings import Settings
from ..etcd.member_status import MemberStatus, Observation
from ..shared.versions import minor_version
from .upgrade_rules import cluster_version_problems, upgrade_problems

UNDECIDED = frozenset({"", "not_decided", "3.0.0"})
"""The cluster versions that etcd reports until its leader has asked all members for their versions.

A new cluster has the second one until its first leader sets one. That is 3.0.0 (``MinClusterVersion``) while a member
does not answer the leader (``decideClusterVersion`` in etcd's ``server/etcdserver/version/monitor.go``).
"""


class UpgradeError(Exception):
    """Members are not ready for the version. The text says what to do."""


class Upgrade:
    """The upgrade of one run. The gates ask it when all other members are healthy."""

    def __init__(self, settings: Settings, version: pulumi.Output[str]) -> None:
        """``version`` is the version that this run installs on droplets."""
        self._settings = settings
        self._version = version

    async def check(self, observations: Mapping[str, Observation]) -> None:
        """Raise ``UpgradeError`` while a member runs a version that the new one cannot follow.

        The record may be ahead of the members: the last run may have been interrupted.
        """
        wanted = await self._version.future() or ""
        checksum_given = bool(self._settings.release_sha256)
        if reasons := version_problems(observations, wanted, checksum_given=checksum_given):
            raise UpgradeError("\n".join([*reasons, "No member was changed for this step."]))

    async def target(self, observations: Mapping[str, Observation]) -> str:
        """The version to upgrade to; empty when all members that answered run it already."""
        wanted = await self._version.future() or ""
        return wanted if set(running_versions(observations).values()) - {wanted} else ""


def running_versions(observations: Mapping[str, Observation]) -> dict[str, str]:
    """The version of each member that answered."""
    return {
        name: status.version
        for name, status in observations.items()
        if isinstance(status, MemberStatus) and status.version
    }


def version_problems(
    observations: Mapping[str, Observation], wanted: str, *, checksum_given: bool
) -> list[str]:
    """Why the running members cannot be joined by one that runs ``wanted``; empty when they can.

    The cluster version also covers members that do not answer: it rises when the last member has the next minor
    version.
    """
    behind = [
        f"{name} runs etcd {version}. {reason}"
        for name, version in sorted(running_versions(observations).items())
        for reason in upgrade_problems(version, wanted, checksum_given=checksum_given)
    ]
    agreed = {
        status.cluster_version
        for status in observations.values()
        if isinstance(status, MemberStatus) and status.cluster_version not in UNDECIDED
    }
    if behind or not agreed:
        return behind
    running = running_versions(observations).values()
    return [
        reason for version in sorted(agreed) for reason in cluster_version_problems(version, wanted, running)
    ]


def unfinished_upgrades(
    names: Sequence[str], observations: Mapping[str, Observation], wanted: str
) -> dict[str, str]:
    """The problem of each named member whose upgrade to ``wanted`` is not complete. Empty if ``wanted`` is."""
    found: dict[str, str] = {}
    for name in names if wanted else ():
        status = observations[name]
        if not isinstance(status, MemberStatus):
            continue
        major, minor = minor_version(wanted)
        if status.version != wanted:
            found[name] = f"it runs etcd {status.version}, not {wanted}"
        elif not status.cluster_version.startswith(f"{major}.{minor}."):
            found[name] = f"the cluster version is still {status.cluster_version}"
    return found
