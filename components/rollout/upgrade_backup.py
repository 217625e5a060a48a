"""A backup before the first member gets another version of etcd."""

from __future__ import annotations

from collections.abc import Mapping

from ..changes.member_versions import Upgrade
from ..config.settings import Settings
from ..etcd.member_status import Observation
from ..run_log import log
from .backup_request import BackupRequests
from .interfaces import RunningMembers
from .messages import UNTOUCHED
from .once import Once
from .policy import answering, has_majority


class UpgradeBackup:
    """Takes one backup in a run that changes the members' version, where backups are configured."""

    def __init__(
        self, settings: Settings, *, members: RunningMembers, upgrade: Upgrade, backups: BackupRequests
    ) -> None:
        self._settings = settings
        self._members = members
        self._upgrade = upgrade
        self._backups = backups
        self._before_all = Once(self._take_before_all)

    async def take(self, observations: Mapping[str, Observation]) -> bool:
        """Take the backup, if a member is going to get another version. Returns whether that took its time."""
        version = await self._upgrade.target(observations)
        return bool(version) and await self._backups.take(
            _purpose(version), answering(observations), ending=UNTOUCHED
        )

    async def take_before_all(self) -> None:
        """Take the backup before an all-at-once run changes droplets, if a majority of the members is healthy."""
        await self._before_all.result()

    async def _take_before_all(self) -> None:
        if not self._settings.backup_bucket:
            return
        observations = await self._members.observe()
        if has_majority(observations):
            await self.take(observations)
        elif version := await self._upgrade.target(observations):
            log.warn(
                f"{_purpose(version)}: no backup is taken, because no majority of the members is healthy"
            )


def _purpose(version: str) -> str:
    return f"Before etcd {version}"
