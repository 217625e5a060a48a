"""The end of a run with authentication: users and roles first, then the record of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from components.etcd.admin import Change, ChangeRefusedError
from components.etcd.cluster_client import ClusterClient
from components.etcd.member_status import Observation
from tests.component.conftest import PlanOf
from tests.unit.components.access.fake_auth import FakeAuth
from tests.unit.components.rollout.running_members import observed

from .test_run import answer_as

STASH = "pulumi:index:Stash"
RECORD = "etcd-etcd-fra1-access"
LATER = {"token": "t", "size": 3}
CLIENTS = [{"name": "shop", "permissions": [{"access": "readwrite", "prefix": "/shop/"}]}]


@pytest.fixture
def auth(monkeypatch: pytest.MonkeyPatch) -> FakeAuth:
    """The users and roles of healthy members."""
    known = FakeAuth()

    async def observe(_: ClusterClient) -> Mapping[str, Observation]:
        return observed()

    async def through_any(_: ClusterClient, change: Change[Any], **__: object) -> Any:
        return await change(known)

    async def common_names(_: ClusterClient) -> Mapping[str, str]:
        return {}

    answer_as(monkeypatch, observe)
    monkeypatch.setattr(ClusterClient, "through_any", through_any)
    monkeypatch.setattr(ClusterClient, "common_names", common_names)
    return known


def test_a_run_enforces_and_then_records(plan_of: PlanOf, auth: FakeAuth) -> None:
    plan = plan_of(preview=False, bootstrap=LATER, droplets=3, auth=True, clients=CLIENTS)
    assert auth.enabled
    assert set(auth.users) == {"root", "shop"}
    assert plan.one(STASH, RECORD).inputs["input"] == {
        "auth": "on",
        "clients": {"shop": ["readwrite prefix /shop/"]},
    }


def test_a_run_without_the_setting_touches_no_user(plan_of: PlanOf, auth: FakeAuth) -> None:
    plan = plan_of(preview=False, bootstrap=LATER, droplets=3)
    assert not auth.changes
    assert RECORD not in {item.name for item in plan.of_type(STASH)}


def test_a_run_that_cannot_enforce_fails_and_records_nothing(
    plan_of: PlanOf, auth: FakeAuth, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object, **__: object) -> None:
        raise ChangeRefusedError("a answered PERMISSION_DENIED")

    monkeypatch.setattr(ClusterClient, "through_any", refused)
    with pytest.raises(pulumi.RunError, match="Last observed: a answered PERMISSION_DENIED"):
        plan_of(preview=False, bootstrap=LATER, droplets=3, auth=True)
    assert not auth.enabled


def test_a_preview_asks_no_member_before_there_is_one(plan_of: PlanOf, auth: FakeAuth) -> None:
    plan = plan_of(auth=True, clients=CLIENTS)
    assert not auth.changes
    assert plan.one(STASH, RECORD)


@pytest.mark.parametrize("preview", [True, False])
def test_the_record_comes_after_the_last_gate(plan_of: PlanOf, auth: FakeAuth, preview: bool) -> None:
    plan = plan_of(preview=preview, bootstrap=LATER, droplets=3, auth=True)
    assert plan.one(STASH, "etcd-etcd-fra1-healthy").urn in plan.one(STASH, RECORD).dependencies
