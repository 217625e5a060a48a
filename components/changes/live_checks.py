"""What the members that run at this moment say to a step, before it is recorded.

Where the step before was interrupted, some of them are behind the record. Where it could not be taken at all (a
version that is on no mirror), all of them are, and the way leads back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping

from components.changes.force_snapshots import (
    LOGS_WITHOUT_V2,
    SnapshotNotForcedError,
    clean_logs,
    needs_clean_logs,
)
from components.changes.immutable_settings import TransitionRefusedError
from components.changes.staged_settings import StagedSettings, goes_back
from components.changes.version_checks import lagging, versions
from components.changes.version_order import newest
from components.config.settings import Settings
from components.etcd.cluster_client import ClusterClient
from components.etcd.health import listed_names
from components.etcd.member_status import DISTRUSTED, DISTRUSTS, MemberStatus, NoStatus, Observation
from components.shared.versions import minor_version, parse_version

LOOKS = 3
"""A member that refuses a certificate may end the connection before it has said so: it is asked again."""
PAUSE_SECONDS = 0.5


class LiveChecks:
    """Asks the members of one cluster, and prepares them."""

    def __init__(self, settings: Settings, members: ClusterClient) -> None:
        self._settings = settings
        self._members = members

    async def admit(self, old: StagedSettings | None, new: StagedSettings, *, preview: bool) -> None:
        """Make the members ready for ``new``; in a ``preview`` only ask them. Raises ``TransitionRefusedError``."""
        given_up = self._settings.rollout == "all-at-once"
        if given_up and not goes_back(old, new):
            return
        existing = await self._members.existing.future() or frozenset[str]()
        seen: Mapping[str, Observation] = await self._look(old, new) if existing else {}
        refuse([*self._final(seen, old, new), *no_witness(seen, old, new)])
        if given_up:
            return
        refuse(unprepared(seen, existing, old, new))
        if preview or not (
            changes_format(old, new) and needs_clean_logs(versions(seen).values(), new.version)
        ):
            return
        names = listed_names(seen)
        answers = {name: one for name, one in seen.items() if name in names and isinstance(one, MemberStatus)}
        try:
            # Before the version is recorded, with which a member may be made again at any time, and by no gate.
            await clean_logs(
                self._members, answers, new.version, seconds=self._settings.health_timeout_seconds
            )
        except SnapshotNotForcedError as error:
            refuse([str(error)])

    async def _look(self, old: StagedSettings | None, new: StagedSettings) -> Mapping[str, Observation]:
        seen: Mapping[str, Observation] = {}
        for look in range(LOOKS):
            await asyncio.sleep(PAUSE_SECONDS if look else 0)
            seen = await self._members.observe()
            # What is seen of those that answer is no passing trouble.
            if self._final(seen, old, new) or not any(isinstance(one, NoStatus) for one in seen.values()):
                break
        return seen

    def _final(
        self, seen: Mapping[str, Observation], old: StagedSettings | None, new: StagedSettings
    ) -> list[str]:
        reasons = lagging(seen, new.version, checksum_given=bool(self._settings.release_sha256))
        if self._settings.rollout != "all-at-once":
            reasons += untrusting(seen, old, new)
        return reasons


def refuse(reasons: Collection[str]) -> None:
    """Raises ``TransitionRefusedError`` where there is any reason."""
    if reasons:
        raise TransitionRefusedError("\n".join([*reasons, "No member was touched."]))


def no_witness(seen: Mapping[str, Observation], old: StagedSettings | None, new: StagedSettings) -> list[str]:
    """Why the way back to an older minor version stays closed: nobody can tell whether the newer one was reached."""
    if old is None or minor_version(new.version) >= minor_version(old.version) or versions(seen):
        return []
    line = ".".join(str(number) for number in minor_version(old.version))
    return [
        f"etcd:version is {new.version}, and was {old.version}: no member answers that could tell whether the cluster "
        f"has {line} already, from which etcd does not go back. Set it to {newest(*minor_version(old.version))}. "
        "A cluster that never became healthy is destroyed (pulumi destroy) and made anew"
    ]


def changes_format(old: StagedSettings | None, new: StagedSettings) -> bool:
    """Whether the record passes to a version that cannot read all of an older one's log."""
    return minor_version(new.version) >= LOGS_WITHOUT_V2 and (
        old is None or minor_version(old.version) < LOGS_WITHOUT_V2
    )


def unprepared(
    seen: Mapping[str, Observation],
    existing: Collection[str],
    old: StagedSettings | None,
    new: StagedSettings,
) -> list[str]:
    """Members that cannot be prepared for another version, since they do not answer.

    Where nobody does, it is not known who the members are: all that have a droplet.
    """
    running = versions(seen)
    if not changes_format(old, new) or (running and not needs_clean_logs(running.values(), new.version)):
        return []
    before = (
        max(running.values(), key=parse_version) if running else "what it was" if old is None else old.version
    )
    return [
        f"etcd:version is {new.version}: every member takes a snapshot before it, and {name} does not answer. "
        f"Set it to {before} and let a pulumi up end well first"
        for name in sorted((listed_names(seen) or set(existing)) - running.keys())
    ]


def untrusting(
    seen: Mapping[str, Observation], old: StagedSettings | None, new: StagedSettings
) -> Iterator[str]:
    """Members that have not finished the step before: asked with this step's certificates, they refuse, or are refused.

    A newer CA's certificate is shown to them without the one that the older CA gave it, by which they would take it.
    """
    before = "what it was" if old is None else list(old.authorities)
    for name, answer in sorted(seen.items()):
        for sign, said in (
            (DISTRUSTS, f"{name} does not trust CA {new.authorities[0]} yet, which is to sign"),
            (DISTRUSTED, f"{name} still shows a certificate of a CA that is to be dropped"),
        ):
            if isinstance(answer, NoStatus) and sign in answer.reason:
                yield (
                    f"etcd:authorities is {list(new.authorities)}: {said}. "
                    f"Set it to {before} and let a pulumi up end well first"
                )
