"""A run and a preview warn of settings that are allowed and may not be meant."""

from __future__ import annotations

import pulumi
import pytest

from components.arguments.values import arguments_of
from components.cluster import EtcdCluster
from components.config.errors import ConfigurationError
from components.config.naming import ConfigNames, named_by
from tests.component.conftest import SETTINGS_OF_TESTS, Plan, PlanOf


@pytest.mark.parametrize(("auth", "warned"), [(True, True), (False, False)])
def test_a_preview_warns_of_an_etcd_that_does_not_enforce_all_permissions(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch, auth: bool, warned: bool
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: said.append(text))
    plan_of(auth=auth, version="3.6.13")
    assert any(text.startswith("etcd:version is 3.6.13, and etcd:auth is true: ") for text in said) is warned


LIKE_MARKERS = ["fra1-up", "fra1-all-at-once", "fra1-one-at-a-time", "fra1-size-3", "fra1-id-0123456789ab"]
"""Names of stacks whose clusters are called like tags of the cluster of stack ``fra1``."""


def cluster_of(stack: str) -> None:
    with named_by(ConfigNames()):
        EtcdCluster(f"etcd-etcd-{stack}", arguments_of(SETTINGS_OF_TESTS))


@pytest.mark.parametrize("stack", LIKE_MARKERS)
def test_a_new_stack_that_is_called_like_a_tag_is_refused(plan_of: PlanOf, stack: str) -> None:
    plan = Plan()
    wanted = rf"^the cluster is called etcd-etcd-{stack}, after .* a tag of a cluster etcd-etcd-fra1 as well"
    with pytest.raises(ConfigurationError, match=wanted):
        plan_of(lambda: cluster_of(stack), plan=plan, tags=())
    assert {item.type for item in plan.resources} <= {"pulumi:pulumi:Stack", "etcd:index:EtcdCluster"}


def test_a_cluster_that_exists_under_such_a_name_goes_on_with_a_warning(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: said.append(text))
    state = {("pulumi:index:Stash", "etcd-etcd-fra1-up-founding"): {"output": {"token": "t"}}}
    plan = plan_of(lambda: cluster_of("fra1-up"), state=state, tags=())
    (warning,) = [text for text in said if text.startswith("the cluster is called etcd-etcd-fra1-up, after")]
    assert warning.endswith("Never create a cluster etcd-etcd-fra1 in this account")
    assert len(plan.of_type("digitalocean:index/droplet:Droplet")) == 3
