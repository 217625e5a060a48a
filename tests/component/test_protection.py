"""The record that makes the engine refuse to destroy the cluster."""

from __future__ import annotations

import pytest

from tests.component.conftest import PlanOf

STASH = "pulumi:index:Stash"
SETTINGS = {"size": 5, "alert_emails": ["ops@example.com"]}


def test_a_destroy_would_delete_the_record_before_anything_else(plan_of: PlanOf) -> None:
    plan = plan_of(**SETTINGS)
    record = plan.one(STASH, "etcd-etcd-fra1-protect")
    later = {item.urn for item in plan.resources if item.request.custom and item != record}
    assert set(record.dependencies) == later


@pytest.mark.parametrize("protect", [False, True])
def test_only_the_record_is_protected_so_that_members_can_be_replaced(plan_of: PlanOf, protect: bool) -> None:
    plan = plan_of(protect=protect)
    protected = [item.name for item in plan.resources if item.request.protect]
    assert protected == (["etcd-etcd-fra1-protect"] if protect else [])
