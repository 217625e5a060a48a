"""A backup before all members are given another version at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.etcd.health import MemberStatus, NoStatus, Observation
from components.rollout.gates import Rollout
from tests.unit.components.config.test_backup_settings import ON
from tests.unit.components.config.valid_settings import settings

NAMES = tuple(f"etcd-server-{number}.etcd.example.com" for number in (1, 2, 3))
WELL = MemberStatus(
    *("cluster", "id", "leader"),
    learner=False,
    healthy=True,
    reason="",
    voters=frozenset(NAMES),
    ids={name: name for name in NAMES},
    version="3.6.13",
    cluster_version="3.6.0",
)


class FakeMembers:
    """All have a droplet, and answer as they are told to."""

    def __init__(self, *seen: Observation) -> None:
        self.existing = pulumi.Output.from_input(frozenset(NAMES))
        self._seen = dict(zip(NAMES, seen, strict=True))

    async def look(self) -> dict[str, Observation]:
        return self._seen

    async def gateway(self, name: str) -> None:
        raise AssertionError(name)


async def purposes(*seen: Observation, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> list[str]:
    """What backups were taken for, before the droplets of a run that knows 3.6.14."""
    asked: list[str] = []

    async def confirmed(_: object, purpose: str, *__: object, **___: object) -> bool:
        asked.append(purpose)
        return True

    monkeypatch.setattr("components.rollout.backup_request.BackupRequests.confirmed", confirmed)
    members: Any = FakeMembers(*seen)
    rollout = Rollout(
        "etcd-etcd-fra1",
        settings(**{"rollout": "all-at-once", **ON, **changes}),
        members=members,
        ready=pulumi.Output.from_input(None),
        version=pulumi.Output.from_input("3.6.14"),
    )
    gate: Any = object()
    for name in NAMES:
        assert await rollout.conditions(name, gate, always=[]).future() == []
    return asked


async def test_one_backup_is_taken_before_all_members_change_their_version_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert await purposes(WELL, WELL, NoStatus("gone"), monkeypatch=monkeypatch) == ["Before etcd 3.6.14"]


@pytest.mark.parametrize(
    ("seen", "changes"),
    [
        ([replace(WELL, version="3.6.14")] * 3, {}),
        ([WELL, NoStatus("gone"), NoStatus("gone")], {}),
        ([WELL, WELL, WELL], dict.fromkeys(ON, "")),
    ],
    ids=["the version stays", "no majority is healthy", "backups are off"],
)
async def test_none_is_taken_where(
    seen: list[Observation], changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulumi.log.warn", str)
    assert await purposes(*seen, monkeypatch=monkeypatch, **changes) == []
