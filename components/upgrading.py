"""What running members need before one of them is given another etcd version."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

import pulumi

from components.health import Answer, Probe
from components.members import Members
from components.settings import Settings
from components.upgrades import minor, parse, skipped, version_refusals

LOGS_WITHOUT_V2 = (3, 7)
"""From this minor version on, etcd panics where its log since the last snapshot holds a request in the format of
v2, which 3.5 still writes when it starts and when it agrees on a version (etcd 3.7.1, ``applyEntryNormal``)."""

SNAPSHOT_ENTRIES = 10_000
"""After so many entries of its log, etcd 3.6 writes a snapshot (``--snapshot-count``)."""

UNDECIDED = "not_decided"
"""What etcd calls the cluster's version until its first leader has set one."""

POLL_SECONDS = 0.5


class UpgradeError(Exception):
    """Members are not ready for the version; the text says what to do."""


class Upgrade:
    """Asked at the gates, after the others were found healthy."""

    def __init__(self, settings: Settings, members: Members, version: pulumi.Output[str]) -> None:
        """``version`` is the one that the droplets of this run install."""
        self._settings = settings
        self._members = members
        self._version = version
        self._logs_are_clean = False

    async def admit(self, seen: Mapping[str, Probe]) -> None:
        """Raises ``UpgradeError`` while a member runs a version that the wanted one must not follow on.

        The record of the last run may be ahead of the members, where that run did not come to its end.
        """
        wanted = await self._version.future() or ""
        if reasons := lagging(seen, wanted, checksum_given=bool(self._settings.release_sha256)):
            raise UpgradeError("\n".join([*reasons, "No member was touched for it."]))
        if not self._logs_are_clean and needs_clean_logs(versions(seen), wanted):
            await self._clean_logs(seen, wanted)
            self._logs_are_clean = True

    async def target(self, seen: Mapping[str, Probe]) -> str:
        """The version that members are given; empty while all that answer run it already."""
        wanted = await self._version.future() or ""
        return wanted if set(versions(seen).values()) - {wanted} else ""

    async def _clean_logs(self, seen: Mapping[str, Probe], wanted: str) -> None:
        """Have every member write a snapshot, by as many entries as it takes."""
        answers = {name: answer for name, answer in seen.items() if isinstance(answer, Answer)}
        through = min(answers)
        goal = max(answer.applied for answer in answers.values()) + SNAPSHOT_ENTRIES + 1
        pulumi.log.info(
            f"etcd {wanted} does not read what 3.5 wrote to its log: members take a snapshot first"
        )
        await self._members.append_entries(through, SNAPSHOT_ENTRIES + 1)
        deadline = time.monotonic() + self._settings.health_timeout_seconds
        while behind := behind_of(goal, seen, await self._members.look()):
            if time.monotonic() > deadline:
                raise UpgradeError(
                    f"before etcd {wanted} every member writes a snapshot, and {', '.join(behind)} did "
                    f"not within {self._settings.health_timeout_seconds} s (etcd:healthTimeoutSeconds). "
                    "No member was touched for it; pulumi up goes on from here"
                )
            await asyncio.sleep(POLL_SECONDS)


def versions(seen: Mapping[str, Probe]) -> dict[str, str]:
    """What each member that answers runs."""
    return {
        name: answer.version for name, answer in seen.items() if isinstance(answer, Answer) and answer.version
    }


def lagging(seen: Mapping[str, Probe], wanted: str, *, checksum_given: bool) -> list[str]:
    """Why members that run these versions must not meet one that runs ``wanted``.

    The cluster's own version tells of those that do not answer: it rises when the last member has the next minor.
    """
    behind = [
        f"{name} still runs etcd {version}. {reason}"
        for name, version in sorted(versions(seen).items())
        for reason in version_refusals(version, wanted, checksum_given=checksum_given)
    ]
    agreed = {
        answer.cluster_version
        for answer in seen.values()
        if isinstance(answer, Answer) and answer.cluster_version not in {"", UNDECIDED}
    }
    if behind or not agreed:
        return behind
    return list(skipped(min(agreed, key=parse), wanted))


def needs_clean_logs(running: Mapping[str, str], wanted: str) -> bool:
    """Whether a log that an earlier version wrote would meet one that cannot read all of it."""
    return minor(wanted) >= LOGS_WITHOUT_V2 and any(
        minor(version) < LOGS_WITHOUT_V2 for version in running.values()
    )


def behind_of(goal: int, asked: Mapping[str, Probe], seen: Mapping[str, Probe]) -> list[str]:
    """The members that have not applied the log up to ``goal``, among those that were ``asked``."""
    return sorted(
        name for name in asked if not isinstance(answer := seen.get(name), Answer) or answer.applied < goal
    )


def unfinished(names: Sequence[str], seen: Mapping[str, Probe], wanted: str) -> dict[str, str]:
    """Which members do not have the version that is ``wanted``, or know that the whole cluster has its minor."""
    found: dict[str, str] = {}
    for name in names if wanted else ():
        answer = seen[name]
        if not isinstance(answer, Answer):
            continue
        if answer.version != wanted:
            found[name] = f"it runs etcd {answer.version}, not {wanted}"
        elif not answer.cluster_version.startswith(f"{'.'.join(wanted.split('.')[:2])}."):
            found[name] = f"the cluster still has version {answer.cluster_version}"
    return found
