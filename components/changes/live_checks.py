"""Whether the members that run now can take a step, before it is recorded.

If the last step was interrupted, some members are behind the record. If the last step was impossible, for example
because its version is on no mirror, all members are. Then the record may return to the step before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping

from ..config.naming import key_of
from ..config.settings import Settings
from ..etcd.cluster_client import ClusterClient
from ..etcd.health import listed_names
from ..etcd.member_status import DISTRUSTED, DISTRUSTS, MemberStatus, NoStatus, Observation
from ..shared.versions import minor_version, parse_version
from .force_snapshots import (
    LOGS_WITHOUT_V2,
    SnapshotNotForcedError,
    force_snapshots,
    needs_snapshots,
)
from .immutable_settings import InvalidTransitionError
from .member_versions import running_versions, version_problems
from .staged_settings import StagedSettings, is_downgrade
from .upgrade_rules import WAY_BACK, newest_release

ATTEMPTS = 3
"""How often members are asked. A member that rejects a certificate may close the connection before it says so."""
PAUSE_SECONDS = 0.5
"""The pause between two attempts."""


class LiveChecks:
    """Checks the members of one cluster before a step, and prepares them for it."""

    def __init__(self, settings: Settings, members: ClusterClient) -> None:
        self._settings = settings
        self._members = members

    async def prepare(self, old: StagedSettings | None, new: StagedSettings, *, preview: bool) -> None:
        """Check and prepare the members for ``new``. A ``preview`` only checks. Raises ``InvalidTransitionError``."""
        abandoned = self._settings.rollout == "all-at-once"
        if abandoned and not is_downgrade(old, new):
            return
        existing = await self._members.existing.future() or frozenset[str]()
        observations: Mapping[str, Observation] = await self._observe(old, new) if existing else {}
        reject([*self._lasting_problems(observations, old, new), *unknown_progress(observations, old, new)])
        if abandoned:
            return
        reject(unprepared_members(observations, existing, old, new))
        running = running_versions(observations).values()
        if preview or not (changes_log_format(old, new) and needs_snapshots(running, new.version)):
            return
        names = listed_names(observations)
        statuses = {
            name: status
            for name, status in observations.items()
            if name in names and isinstance(status, MemberStatus)
        }
        seconds = self._settings.health_timeout_seconds
        try:
            # Before the version is recorded: from then on, a member may be recreated with it without any gate.
            await force_snapshots(self._members, statuses, new.version, seconds=seconds)
        except SnapshotNotForcedError as error:
            reject([str(error)])

    async def _observe(self, old: StagedSettings | None, new: StagedSettings) -> Mapping[str, Observation]:
        observations: Mapping[str, Observation] = {}
        for attempt in range(ATTEMPTS):
            await asyncio.sleep(PAUSE_SECONDS if attempt else 0)
            observations = await self._members.observe()
            if all(isinstance(one, MemberStatus) or distrusts(one) for one in observations.values()):
                break
            # A member that rejects a certificate may close the connection before it says so. It is asked once more.
            if attempt > 0 and self._lasting_problems(observations, old, new):
                break
        return observations

    def _lasting_problems(
        self, observations: Mapping[str, Observation], old: StagedSettings | None, new: StagedSettings
    ) -> list[str]:
        """Problems that another attempt does not change."""
        checksum_given = bool(self._settings.release_sha256)
        reasons = version_problems(observations, new.version, checksum_given=checksum_given)
        if self._settings.rollout != "all-at-once":
            reasons += untrusting_members(observations, old, new)
        return reasons


def reject(reasons: Collection[str]) -> None:
    """Raise ``InvalidTransitionError`` if there is any reason."""
    if reasons:
        raise InvalidTransitionError("\n".join([*reasons, "No member was changed."]))


def unknown_progress(
    observations: Mapping[str, Observation], old: StagedSettings | None, new: StagedSettings
) -> list[str]:
    """Why the minor version cannot return to an older one: no member answers, so it may have been reached."""
    if (
        old is None
        or minor_version(new.version) >= minor_version(old.version)
        or running_versions(observations)
    ):
        return []
    major, minor = minor_version(old.version)
    return [
        f"{key_of('version')} is {new.version}, and was {old.version}: no member answers, so the cluster may have "
        f"reached {major}.{minor}, and {WAY_BACK}. Set it to {newest_release(major, minor)}. "
        "If no member comes back: docs/recovery.md"
    ]


def changes_log_format(old: StagedSettings | None, new: StagedSettings) -> bool:
    """Whether the step leads to a version that cannot read all of an older version's log."""
    return minor_version(new.version) >= LOGS_WITHOUT_V2 and (
        old is None or minor_version(old.version) < LOGS_WITHOUT_V2
    )


def unprepared_members(
    observations: Mapping[str, Observation],
    existing: Collection[str],
    old: StagedSettings | None,
    new: StagedSettings,
) -> list[str]:
    """The members that cannot write a snapshot before the step, because they do not answer.

    If no member answers, the members are unknown. Then all members with a droplet count.
    """
    running = running_versions(observations)
    if not changes_log_format(old, new) or (running and not needs_snapshots(running.values(), new.version)):
        return []
    if running:
        before = max(running.values(), key=parse_version)
    else:
        before = "its previous value" if old is None else old.version
    return [
        f"{key_of('version')} is {new.version}: every member must write a snapshot first, and {name} does not answer. "
        f"Set it to {before} and complete a pulumi up first"
        for name in sorted((listed_names(observations) or set(existing)) - running.keys())
    ]


def distrusts(observation: Observation) -> bool:
    """Whether a member and this program do not trust each other's certificates."""
    return isinstance(observation, NoStatus) and any(
        sign in observation.reason for sign in (DISTRUSTS, DISTRUSTED)
    )


def untrusting_members(
    observations: Mapping[str, Observation], old: StagedSettings | None, new: StagedSettings
) -> Iterator[str]:
    """The members that have not completed the last step of a change of authorities.

    They reject this program's new certificate, or it rejects theirs. It shows its certificate without the cross-signed
    certificate of the CA, which older members would accept.
    """
    before = "its previous value" if old is None else list(old.authorities)
    for name, status in sorted(observations.items()):
        for sign, problem in (
            (DISTRUSTS, f"{name} does not trust CA {new.authorities[0]} yet, which will sign"),
            (DISTRUSTED, f"{name} still uses a certificate of a CA that will be removed"),
        ):
            if isinstance(status, NoStatus) and sign in status.reason:
                yield (
                    f"{key_of('authorities')} is {list(new.authorities)}: {problem}. "
                    f"Set it to {before} and complete a pulumi up first"
                )
