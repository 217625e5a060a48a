"""All resources wait for the records of the settings, which reject an invalid change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks as pulumi_mocks

from tests.component.conftest import Answers, Plan, PlanOf

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


def test_only_the_programs_credentials_precede_the_step_record(plan_of: PlanOf) -> None:
    plan = plan_of(authorities=[2, 1], auth=True, clients=[{"name": "app"}])
    record = plan.one(STASH, STEPS)
    before = {
        item.name.removeprefix("etcd-etcd-fra1-")
        for item in plan.resources
        if record.urn not in item.dependencies and "tls:" not in item.type and item != record
    }
    assert before == {"etcd-fra1", "etcd-etcd-fra1", "transition", "shared-authorities"}
    leaves = [item for item in plan.of_type(LEAF) if record.urn not in item.dependencies]
    assert [item.name.removeprefix("etcd-etcd-fra1-") for item in leaves] == [
        "ca-2-by-ca",
        "management",
        "operator",
        "reader",
    ]


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


@pytest.fixture
def left_out(monkeypatch: pytest.MonkeyPatch, plan_of: PlanOf) -> Callable[..., Plan]:
    """Run the program with changed settings while ``--exclude`` leaves out the record with a given name."""

    def run(record: str, **changes: Any) -> Plan:
        stored = plan_of().one(STASH, record).inputs["input"]
        created = Answers.new_resource

        def kept(answers: Answers, args: pulumi_mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
            """The engine returns what it has of a resource that is no target."""
            identity, outputs = created(answers, args)
            return identity, {"input": stored, "output": stored} if args.name == record else outputs

        monkeypatch.setattr(Answers, "new_resource", kept)
        plan = Plan()
        plan_of(plan=plan, **changes)
        return plan

    return run


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"region": "ams3"}, "etcd:region is ams3, and was fra1"),
        ({"volumeSize": 0}, "etcd:volumeSize is 0, and was 10: data does not move"),
        ({"authorities": [1, 2]}, r"etcd:authorities is \[1, 2\], and was \[1\]: --target or --exclude"),
    ],
    ids=str,
)
def test_a_run_that_leaves_the_record_out_changes_no_such_setting(
    left_out: Callable[..., Plan], changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(pulumi.RunError, match=reason):
        left_out(TRANSITION, **changes)


def test_a_run_without_the_step_record_changes_no_authorities(left_out: Callable[..., Plan]) -> None:
    with pytest.raises(pulumi.RunError, match=r"etcd:authorities is \[1, 2\], and was \[1\]: --target"):
        left_out(STEPS, authorities=[1, 2])


def test_a_run_without_the_step_record_changes_no_authentication(left_out: Callable[..., Plan]) -> None:
    with pytest.raises(pulumi.RunError, match=r"etcd:auth is true, and was not set: --target or --exclude"):
        left_out(STEPS, auth=True)


def test_a_run_without_the_step_record_installs_the_recorded_version(
    left_out: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warnings.append)
    assert left_out(STEPS, version="3.6.13").of_type(DROPLET)
    (warning,) = [text for text in warnings if "etcd:version" in text]
    assert "etcd:version is 3.6.13, and this run installs etcd 3.6.14" in warning


def test_any_other_setting_may_change_without_the_record(left_out: Callable[..., Plan]) -> None:
    assert left_out(TRANSITION, heartbeatMs=90, size=5).of_type(DROPLET)
