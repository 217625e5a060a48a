"""All resources wait for the records of the settings, which reject an invalid change."""

from __future__ import annotations

from typing import Any

import pytest

from tests.component.conftest import PlanOf

STASH = "pulumi:index:Stash"
DROPLET = "digitalocean:index/droplet:Droplet"
LEAF = "tls:index/locallySignedCert:LocallySignedCert"
CLUSTER = "etcd:index:EtcdCluster"
TRANSITION = "etcd-etcd-fra1-transition"
STEPS = "etcd-etcd-fra1-steps"


@pytest.mark.parametrize(
    "changes", [{}, {"authorities": [2, 1]}, {"rollout": "all-at-once"}, {"size": 5}], ids=str
)
def test_every_resource_of_the_cluster_waits_for_the_record(plan_of: PlanOf, changes: dict[str, Any]) -> None:
    plan = plan_of(**changes)
    record = plan.one(STASH, TRANSITION)
    free = {item.type for item in plan.resources if record.urn not in item.dependencies and item != record}
    assert free == {"pulumi:pulumi:Stack", CLUSTER}


def test_the_record_is_checked_before_it_changes(plan_of: PlanOf) -> None:
    hooks = plan_of().one(STASH, TRANSITION).request.hooks
    assert (list(hooks.before_update), list(hooks.before_create)) == ([TRANSITION], [])


def test_only_the_operators_credentials_precede_the_step_record(plan_of: PlanOf) -> None:
    plan = plan_of(authorities=[2, 1])
    record = plan.one(STASH, STEPS)
    before = {
        item.name.removeprefix("etcd-etcd-fra1-")
        for item in plan.resources
        if record.urn not in item.dependencies and "tls:" not in item.type and item != record
    }
    assert before == {"etcd-fra1", "etcd-etcd-fra1", "transition"}
    leaves = [item for item in plan.of_type(LEAF) if record.urn not in item.dependencies]
    assert [item.name.removeprefix("etcd-etcd-fra1-") for item in leaves] == ["ca-2-by-ca", "operator"]


def test_a_step_is_checked_before_it_is_recorded_and_in_previews_as_well(plan_of: PlanOf) -> None:
    hooks = plan_of().one(STASH, STEPS).request.hooks
    assert (list(hooks.before_update), list(hooks.before_create)) == ([STEPS], [STEPS])


def test_the_records_keep_the_settings_for_later_runs(plan_of: PlanOf) -> None:
    plan = plan_of(version="3.6.13")
    asked, step = (plan.one(STASH, name).inputs["input"] for name in (TRANSITION, STEPS))
    assert (asked["authorities"], asked["volume_size"]) == ([1], 10)
    assert (step["version"], step["authorities"]) == ("3.6.13", [1])
    assert "token" not in str([asked, step]).lower()


def test_droplets_install_the_recorded_release(plan_of: PlanOf) -> None:
    plan = plan_of()
    record = plan.one(STASH, STEPS)
    assert all(record.urn in item.property_dependencies["userData"] for item in plan.of_type(DROPLET))
