"""An all-at-once run takes a backup before the members get another version."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.etcd.member_status import NoStatus, Observation
from components.rollout.rollout import Rollout
from tests.unit.components.config.valid_settings import BACKUPS, settings
from tests.unit.components.rollout.running_members import (
    FOUND,
    NAMES,
    FakeChecks,
    FakeMembers,
    FakeResource,
    healthy,
)

OLD, NEW, GONE = healthy(version="3.6.13"), healthy(version="3.6.14"), NoStatus("gone")


async def purposes(*statuses: Observation, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> list[str]:
    """The purposes of all backups before the droplets of a run that installs 3.6.14."""
    asked: list[str] = []

    async def take(_: object, purpose: str, *__: object, **___: object) -> bool:
        asked.append(purpose)
        return True

    monkeypatch.setattr("components.rollout.backup_request.BackupRequests.take", take)
    rollout = Rollout(
        "etcd-etcd-fra1",
        settings(**{"rollout": "all-at-once", **BACKUPS, **changes}),
        members=FakeMembers(dict(zip(NAMES, statuses, strict=True))),
        preflight=FakeChecks(),
        zone=pulumi.Output.from_input(FOUND),
        version=pulumi.Output.from_input("3.6.14"),
    )
    for name in NAMES:
        assert not await rollout.wait_to_change(name, FakeResource(), required=[])
    return asked


async def test_one_backup_is_taken_before_all_members_are_upgraded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await purposes(OLD, OLD, GONE, monkeypatch=monkeypatch) == ["Before etcd 3.6.14"]


@pytest.mark.parametrize(
    ("statuses", "changes"),
    [
        ([NEW, NEW, NEW], {}),
        ([OLD, GONE, GONE], {}),
        ([OLD, OLD, OLD], dict.fromkeys(BACKUPS, "")),
    ],
    ids=["the version stays", "no majority is healthy", "backups are off"],
)
async def test_no_backup_is_taken_that_an_upgrade_does_not_need(
    statuses: list[Observation], changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulumi.log.warn", str)
    assert await purposes(*statuses, monkeypatch=monkeypatch, **changes) == []
