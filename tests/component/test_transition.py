"""Everything waits for the record of what the cluster was last asked to be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.component.conftest import PlanOf

STASH = "pulumi:index:Stash"
DROPLET = "digitalocean:index/droplet:Droplet"
CLUSTER = "etcd:index:EtcdCluster"
TRANSITION = "etcd-etcd-fra1-transition"


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


def test_the_record_says_what_later_runs_are_compared_with(plan_of: PlanOf) -> None:
    recorded = plan_of(version="3.6.13").one(STASH, TRANSITION).inputs["input"]
    assert (recorded["version"], recorded["authorities"], recorded["volume_size"]) == ("3.6.13", [1], 10)
    assert "token" not in str(recorded).lower()


def test_droplets_take_the_release_from_the_record(plan_of: PlanOf) -> None:
    plan = plan_of()
    record = plan.one(STASH, TRANSITION)
    assert all(record.urn in item.property_dependencies["userData"] for item in plan.of_type(DROPLET))
