"""Several clusters in one program and one stack."""

from __future__ import annotations

import re
from typing import Any

import pulumi
import pytest

from components import EtcdCluster
from components.arguments.cluster_names import component_cluster_name
from components.config.errors import ConfigurationError
from components.identity.cluster_identity import identity_of
from tests.component.callers import CLUSTER, args, program
from tests.component.conftest import Plan, PlanOf, droplet

DROPLET = "digitalocean:index/droplet:Droplet"
STASH = "pulumi:index:Stash"
COMPONENT = "etcd:index:EtcdCluster"
LATER = {"token": "t", "size": 3}
OTHER = {"domain": "other.example.com"}


def two_clusters() -> None:
    """A program with two clusters of different sizes and versions."""
    program()()
    program(name="queue", dns=OTHER, members={"size": 1}, etcd={"version": "3.5.33"})()


def test_two_clusters_of_a_program_share_no_name(plan_of: PlanOf) -> None:
    plan = plan_of(two_clusters)
    urns = [item.urn for item in plan.resources]
    assert len(urns) == len(set(urns))
    assert len(plan.of_type(DROPLET)) == 4
    physical = [
        (item.type, item.inputs["name"])
        for item in plan.resources
        if item.type.startswith(("digitalocean:", "cloudflare:"))
    ]
    assert len(physical) == len(set(physical))


@pytest.mark.parametrize(
    ("second", "reasons"),
    [
        (
            {},
            [
                r"^args\.dns\.domain is etcd\.example\.com, .* cluster store .* such as queue\.etcd\.example\.com$"
            ],
        ),
        (
            {"dns": OTHER, "cluster_name": CLUSTER},
            [
                rf"^args\.clusterName is {CLUSTER}, .* that of the cluster store in this program: set it to another"
            ],
        ),
        ({"cluster_name": CLUSTER}, [r"^args\.clusterName is ", r"^args\.dns\.domain is "]),
    ],
    ids=["domain", "name", "both"],
)
def test_two_clusters_of_a_program_with_one_name_or_domain_are_refused(
    plan_of: PlanOf, second: dict[str, Any], reasons: list[str]
) -> None:
    def both() -> None:
        program()()
        program(name="queue", **second)()

    plan = Plan()
    with pytest.raises(ConfigurationError) as refused:
        plan_of(both, plan=plan)
    lines = str(refused.value).splitlines()
    assert len(lines) == len(reasons)
    assert all(re.search(reason, line) for reason, line in zip(reasons, lines, strict=True))
    assert not [item for item in plan.resources if "queue" in item.urn]


def test_each_cluster_speaks_of_its_own_arguments(plan_of: PlanOf) -> None:
    with pytest.raises(ConfigurationError, match=r"^args\.members\.size is 2: use an odd number"):
        plan_of(program(members={"size": 2}))
    with pytest.raises(pulumi.RunError, match="etcd:dropletSize is s-9vcpu-9gb"):
        plan_of(dropletSize="s-9vcpu-9gb")
    with pytest.raises(pulumi.RunError, match=r"args\.members\.dropletSize is s-9vcpu-9gb"):
        plan_of(program(members={"droplet_size": "s-9vcpu-9gb"}))


def test_one_cluster_ignores_the_droplets_and_records_of_the_other(plan_of: PlanOf) -> None:
    others = [droplet(1, name="etcd-server-1.other.example.com", tags=["etcd-etcd-fra1-queue"])]
    state = {
        (COMPONENT, "queue"): {"clusterName": "etcd-etcd-fra1-queue"},
        (STASH, "etcd-etcd-fra1-queue-founding"): {"output": LATER},
        (STASH, "etcd-etcd-fra1-queue-healthy"): {},
        (DROPLET, "etcd-etcd-fra1-queue-1"): {"id": "1", "name": "etcd-server-1.other.example.com"},
    }
    plan = plan_of(program(), state=state, account=others, discovered=[])
    gates = {item.urn for item in plan.of_type(STASH) if "-gate-" in item.name}
    assert all(not item.dependencies & gates for item in plan.of_type(DROPLET))


def test_a_cluster_that_is_removed_from_the_program_stops_no_other(plan_of: PlanOf) -> None:
    state = {
        (COMPONENT, "queue"): {"clusterName": "etcd-etcd-fra1-queue"},
        (STASH, "etcd-etcd-fra1-queue-healthy"): {},
    }
    assert len(plan_of(program(), state=state).of_type(DROPLET)) == 3


@pytest.mark.parametrize(
    ("component", "opts"),
    [
        ("store", None),
        ("shop", pulumi.ResourceOptions(aliases=[pulumi.Alias(name="store")])),
        ("shop", pulumi.ResourceOptions(aliases=["urn:pulumi:fra1::etcd::etcd:index:EtcdCluster::store"])),
    ],
    ids=["renamed stack", "renamed component", "alias by URN"],
)
def test_a_renamed_cluster_is_not_deleted(
    plan_of: PlanOf, component: str, opts: pulumi.ResourceOptions | None
) -> None:
    state = {
        (COMPONENT, "store"): {"clusterName": "etcd-etcd-old-store"},
        (STASH, "etcd-etcd-old-store-healthy"): {},
    }
    plan = Plan()
    with pytest.raises(pulumi.RunError, match=r"Set args\.clusterName to etcd-etcd-old-store to keep it"):
        plan_of(program(opts, name=component), state=state, tags=["etcd-etcd-old-store"], plan=plan)
    assert {item.type for item in plan.resources} <= {"pulumi:pulumi:Stack", COMPONENT}
    plan = plan_of(
        program(opts, name=component, cluster_name="etcd-etcd-old-store"),
        state=state,
        tags=["etcd-etcd-old-store"],
    )
    assert plan.one(DROPLET, "etcd-etcd-old-store-1")


@pytest.mark.parametrize("aliases", [None, [f"urn:pulumi:fra1::etcd::{COMPONENT}::store"]])
def test_a_cluster_whose_component_has_a_new_parent_needs_an_alias(
    plan_of: PlanOf, aliases: list[str] | None
) -> None:
    def nested() -> None:
        parent = pulumi.ComponentResource("shop:index:Shop", "shop")
        program(pulumi.ResourceOptions(parent=parent, aliases=aliases))()

    state = {
        (COMPONENT, "store"): {"clusterName": CLUSTER},
        (STASH, f"{CLUSTER}-founding"): {"output": LATER},
        (STASH, f"{CLUSTER}-healthy"): {},
    }
    plan = Plan()
    if aliases:
        plan_of(nested, state=state, tags=[CLUSTER], plan=plan)
        assert len(plan.of_type(DROPLET)) == 3
        (beside,) = plan.one(STASH, f"{CLUSTER}-protect").request.aliases
        assert beside.urn == f"urn:pulumi:fra1::etcd::{STASH}::{CLUSTER}-protect"
        return
    with pytest.raises(
        pulumi.RunError, match=rf"add this alias .*: urn:pulumi:fra1::etcd::{COMPONENT}::store\."
    ):
        plan_of(nested, state=state, tags=[CLUSTER], plan=plan)
    assert not [item for item in plan.resources if item.request.custom]


def test_a_renamed_component_whose_cluster_never_was_healthy_learns_its_name(plan_of: PlanOf) -> None:
    """A run that failed has recorded no outputs of the component."""
    there = [droplet(1, tags=[CLUSTER, f"{CLUSTER}-id-0123456789ab"])]
    state = {(COMPONENT, "store"): {}, (STASH, f"{CLUSTER}-founding"): {"output": LATER}}
    plan = Plan()
    with pytest.raises(pulumi.RunError, match=rf"renamed, set args\.clusterName to {CLUSTER}\."):
        plan_of(program(name="shop"), state=state, account=there, discovered=[], plan=plan)
    assert {item.type for item in plan.resources} <= {"pulumi:pulumi:Stack", COMPONENT}


def test_a_renamed_component_learns_its_alias_and_the_name_of_its_cluster(plan_of: PlanOf) -> None:
    there = [droplet(1, tags=[CLUSTER, f"{CLUSTER}-id-{identity_of('t')}"])]
    former = f"urn:pulumi:fra1::etcd::{COMPONENT}::store"
    state = {
        (COMPONENT, "store"): {"clusterName": CLUSTER},
        (STASH, f"{CLUSTER}-founding"): {"output": LATER},
        (STASH, f"{CLUSTER}-healthy"): {},
    }
    account: dict[str, Any] = {"state": state, "account": there, "tags": [CLUSTER]}
    advice = rf"set args\.clusterName to {CLUSTER}, and add this alias to the options .*: {former}\. If"
    with pytest.raises(pulumi.RunError, match=advice):
        plan_of(program(name="shop"), discovered=[], **account)
    advised = program(pulumi.ResourceOptions(aliases=[former]), name="shop", cluster_name=CLUSTER)
    plan = plan_of(advised, bootstrap=LATER, discovered=there, **account)
    assert plan.one(DROPLET, f"{CLUSTER}-1")


def test_a_cluster_is_named_after_project_stack_and_component(plan_of: PlanOf) -> None:
    plan = plan_of(program())
    assert plan.one("digitalocean:index/tag:Tag", f"{CLUSTER}-tag").inputs["name"] == CLUSTER


@pytest.mark.parametrize(
    "name", ["etcd-a-up", "etcd-a-size-3", "etcd-a-one-at-a-time", "etcd-a-id-0123456789ab"]
)
def test_no_cluster_is_called_like_a_tag_of_another(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"would be called {name}, which can be a tag of another"):
        component_cluster_name("store", name)


@pytest.mark.parametrize("name", ["Etcd", "etcd_a", "e" * 61])
def test_a_name_that_no_volume_can_have_is_rejected(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"args.clusterName is {name}: .* lower-case letters"):
        component_cluster_name("store", name)


def test_a_preview_that_does_not_know_a_token_shows_the_recorded_cluster(
    plan_of: PlanOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lambda text, *_: said.append(text))

    def with_unknown_token() -> None:
        EtcdCluster("store", args(access={"discovery_token": unknown()}))

    state: dict[tuple[str, str], dict[str, Any]] = {
        (STASH, f"{CLUSTER}-founding"): {"output": LATER},
        (STASH, f"{CLUSTER}-healthy"): {},
        **{
            (DROPLET, f"{CLUSTER}-{number}"): {
                "id": str(number),
                "name": f"etcd-server-{number}.etcd.example.com",
            }
            for number in (1, 2, 3)
        },
    }
    plan = plan_of(with_unknown_token, bootstrap=LATER, state=state)
    gates = {item.urn for item in plan.of_type(STASH) if "-gate-" in item.name}
    assert all(item.dependencies & gates for item in plan.of_type(DROPLET))
    assert any("does not know the tokens" in text for text in said)


def unknown() -> pulumi.Output[str]:
    """A value that this preview does not know, because a resource provides it."""
    return pulumi.Output.from_input(None).apply(lambda _: pulumi.output.UNKNOWN)  # type: ignore[attr-defined]
