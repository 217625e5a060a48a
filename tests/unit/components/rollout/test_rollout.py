"""What happens before a gate lets a member change."""

from __future__ import annotations

import dataclasses

import pulumi
import pytest

from components.changes.member_versions import UpgradeError
from components.rollout.rollout import Rollout
from components.rollout.waiting import UnhealthyError
from tests.unit.components.config.valid_settings import settings
from tests.unit.components.rollout.running_members import NAMES, FakeMembers, healthy, observed

FIRST, SECOND, THIRD = NAMES


class LedMembers(FakeMembers):
    """Three members that the first one leads."""

    def __init__(self, *unhealthy: str) -> None:
        super().__init__(
            {
                name: dataclasses.replace(healthy(), member_id=name, leader=FIRST)
                if name not in unhealthy
                else status
                for name, status in observed(*unhealthy).items()
            }
        )
        self.transfers: list[tuple[str, str]] = []

    async def transfer_leadership(self, leader: str, to: str) -> None:
        self.transfers.append((leader, to))


def rollout(members: FakeMembers, *, version: str = "3.6.14") -> Rollout:
    return Rollout(
        "etcd-test",
        settings(healthTimeoutSeconds=10).model_copy(update={"health_timeout_seconds": 0}),
        members=members,
        ready=pulumi.Output.from_input(None),
        version=pulumi.Output.from_input(version),
    )


async def test_the_leader_transfers_its_leadership_before_it_changes() -> None:
    members = LedMembers()
    await rollout(members).release(FIRST)
    assert members.transfers == [(FIRST, SECOND)]


async def test_a_member_that_does_not_lead_changes_without_a_transfer() -> None:
    members = LedMembers()
    await rollout(members).release(THIRD)
    assert members.transfers == []


async def test_no_leadership_is_transferred_while_another_is_unhealthy() -> None:
    members = LedMembers(THIRD)
    with pytest.raises(UnhealthyError, match=f"Before {FIRST} may change"):
        await rollout(members).release(FIRST)
    assert members.transfers == []


async def test_no_leadership_is_transferred_for_a_version_that_is_too_new() -> None:
    members = LedMembers()
    with pytest.raises(UpgradeError):
        await rollout(members, version="3.8.0").release(FIRST)
    assert members.transfers == []
