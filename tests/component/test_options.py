"""The options of the component behave as Pulumi documents, or are refused with a reason."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any, cast

import pulumi
import pytest

from components import EtcdCluster
from components.config.errors import ConfigurationError
from tests.component.callers import CLUSTER, args, program
from tests.component.conftest import Plan, PlanOf

PAGE = Path(__file__).parents[2] / "docs/component.md"
DROPLET = "digitalocean:index/droplet:Droplet"
TAG = "digitalocean:index/tag:Tag"
STASH = "pulumi:index:Stash"
ANY: Any = "x"
OWN = ("digitalocean:", "cloudflare:", "tls:", "pulumi:index:Stash", "etcd:")


def test_the_page_of_the_component_has_a_row_for_every_option() -> None:
    table = PAGE.read_text().partition("\n| Option | Behaviour |\n")[2].partition("\n\n")[0]
    told = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert told == set(inspect.signature(pulumi.ResourceOptions).parameters)


def test_a_transformation_reaches_every_resource_in_the_component(plan_of: PlanOf) -> None:
    def add_tag(given: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if given.type_ != DROPLET:
            return None
        return pulumi.ResourceTransformationResult({**given.props, "tags": ["mine"]}, given.opts)

    plan = plan_of(program(pulumi.ResourceOptions(transformations=[add_tag])))
    assert [item.inputs["tags"] for item in plan.of_type(DROPLET)] == [["mine"]] * 3


def test_transforms_of_the_component_reach_the_engine(plan_of: PlanOf) -> None:
    async def unchanged(_: pulumi.ResourceTransformArgs) -> None:
        return None

    plan = plan_of(program(pulumi.ResourceOptions(transforms=[unchanged])))
    assert len(plan.one("etcd:index:EtcdCluster", "store").request.transforms) == 1


def test_aliases_of_the_component_reach_the_engine(plan_of: PlanOf) -> None:
    plan = plan_of(program(pulumi.ResourceOptions(aliases=[pulumi.Alias(name="shop")])))
    (alias,) = plan.one("etcd:index:EtcdCluster", "store").request.aliases
    assert alias.spec.name == "shop"


def test_everything_in_the_component_comes_after_what_it_depends_on(plan_of: PlanOf) -> None:
    def depending() -> None:
        before = pulumi.Stash("before", input="x")
        EtcdCluster("store", args(), pulumi.ResourceOptions(depends_on=[before]))

    plan = plan_of(depending)
    before = plan.one(STASH, "before").urn
    inside = [
        item
        for item in plan.resources
        if item.request.custom and item.name.startswith(CLUSTER) and not item.name.endswith("-protect")
    ]
    assert inside
    assert all(before in item.dependencies for item in inside)


def test_what_depends_on_the_component_comes_after_everything_in_it(plan_of: PlanOf) -> None:
    def depending() -> None:
        pulumi.Stash("after", input="x", opts=pulumi.ResourceOptions(depends_on=[program()()]))

    plan = plan_of(depending)
    inside = {item.urn for item in plan.resources if item.request.custom and item.name.startswith(CLUSTER)}
    protect = plan.one(STASH, f"{CLUSTER}-protect").urn
    assert inside - {protect} <= plan.one(STASH, "after").dependencies


def test_a_component_may_be_a_child(plan_of: PlanOf) -> None:
    def nested() -> None:
        parent = pulumi.ComponentResource("shop:index:Shop", "shop")
        program(pulumi.ResourceOptions(parent=parent))()

    plan = plan_of(nested)
    shop = plan.one("shop:index:Shop", "shop").urn
    assert plan.one("etcd:index:EtcdCluster", "store").request.parent == shop
    assert plan.one(STASH, f"{CLUSTER}-protect").request.parent == shop
    assert len(plan.of_type(DROPLET)) == 3


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"protect": True}, r"protect is true.* Set args\.maintenance\.protect instead"),
        ({"retain_on_delete": True}, "retainOnDelete is true.* a replaced member's droplet would stay"),
        (
            {"custom_timeouts": pulumi.CustomTimeouts(create="1m")},
            r"set args\.maintenance\.healthTimeoutSeconds",
        ),
        ({"ignore_changes": ["members"]}, "ignoreChanges has no effect on a component"),
        ({"replace_on_changes": ["*"]}, "replaceOnChanges has no effect on a component"),
        ({"replacement_trigger": 1}, "replacementTrigger has no effect on a component"),
        ({"delete_before_replace": True}, "deleteBeforeReplace has no effect on a component"),
        (
            {"additional_secret_outputs": ["endpoints"]},
            "additionalSecretOutputs has no effect on a component",
        ),
        ({"import_": "x"}, "import takes one resource"),
        ({"id": "x"}, r"id reads one resource that exists.* pulumi\.StackReference"),
        (
            {"urn": "urn:pulumi:prod::shop::etcd:index:EtcdCluster::store"},
            r"urn reads one resource that exists.* pulumi\.StackReference",
        ),
        ({"hide_diffs": ["members"]}, "hideDiffs has no effect on a component: remove it"),
        ({"version": "4.84.1"}, "version has no effect on a component: set it for a provider"),
        ({"plugin_download_url": "https://example.com"}, "pluginDownloadURL has no effect on a component"),
        ({"env_var_mappings": {"A": "B"}}, "envVarMappings has no effect on a component"),
    ],
)
def test_an_option_that_the_gates_forbid_is_refused_with_a_reason(
    plan_of: PlanOf, options: dict[str, Any], reason: str
) -> None:
    plan = Plan()
    with pytest.raises(ConfigurationError, match=reason):
        plan_of(program(pulumi.ResourceOptions(**options)), plan=plan)
    assert not [item for item in plan.resources if item.request.custom]


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("deleted_with", "deletedWith is set, and children inherit it.* Use the option dependsOn instead"),
        ("replace_with", "replaceWith has no effect on a component"),
    ],
)
def test_an_option_that_ties_the_cluster_to_a_resource_is_refused(
    plan_of: PlanOf, option: str, reason: str
) -> None:
    def tied() -> None:
        other = pulumi.ComponentResource("shop:index:Shop", "shop")
        given: Any = {option: [other] if option == "replace_with" else other}
        program(pulumi.ResourceOptions(**given))()

    plan = Plan()
    with pytest.raises(ConfigurationError, match=reason):
        plan_of(tied, plan=plan)
    assert not [item for item in plan.resources if item.request.custom]


def test_a_parents_retain_on_delete_keeps_no_droplet(plan_of: PlanOf) -> None:
    """The engine lets children inherit it, unless they have a value of their own."""
    plan = plan_of(program())
    assert plan.one("etcd:index:EtcdCluster", "store").request.HasField("retainOnDelete")
    assert not plan.one("etcd:index:EtcdCluster", "store").request.retainOnDelete


def test_all_options_that_are_refused_are_named_at_once(plan_of: PlanOf) -> None:
    options = pulumi.ResourceOptions(protect=True, retain_on_delete=True, ignore_changes=["members"])
    with pytest.raises(ConfigurationError) as refused:
        plan_of(program(options))
    assert [line.split(" is ")[0].split(" has ")[0] for line in str(refused.value).splitlines()] == [
        "the option protect",
        "the option retainOnDelete",
        "the option ignoreChanges",
    ]


@pytest.mark.parametrize(
    ("given", "argument"), [(args(members={"size": 2}), "args.members.size is 2"), (None, "args is null")]
)
def test_wrong_options_and_arguments_are_named_in_one_error(
    plan_of: PlanOf, given: Any, argument: str
) -> None:
    options = pulumi.ResourceOptions(retain_on_delete=True)
    with pytest.raises(ConfigurationError) as refused:
        plan_of(lambda: EtcdCluster("store", given, options))
    option, wrong = str(refused.value).splitlines()
    assert option.startswith("the option retainOnDelete is true")
    assert wrong.startswith(argument)


@pytest.mark.parametrize(
    ("given", "opts", "reason"),
    [
        (None, None, "args is null"),
        ({**args(), "members": 3}, None, r"args\.members is 3"),
        ({**args(), "clusterName": 3}, None, r"args\.clusterName is 3"),
        (args(), {"protect": True}, "opts is a value of type dict"),
        (args(), {}, "opts is a value of type dict"),
        (args(), pulumi.ResourceOptions(provider=ANY), "the option provider has a value of type str"),
        (args(), pulumi.ResourceOptions(providers=[ANY]), "the option providers has a value of type str"),
    ],
)
def test_arguments_and_options_of_a_wrong_shape_register_nothing(
    plan_of: PlanOf, given: Any, opts: Any, reason: str
) -> None:
    plan = Plan()
    with pytest.raises(ConfigurationError, match=f"^{reason}: write "):
        plan_of(lambda: EtcdCluster("store", given, opts), plan=plan)
    assert {item.type for item in plan.resources} <= {"pulumi:pulumi:Stack"}


def test_a_cluster_without_a_name_registers_nothing(plan_of: PlanOf) -> None:
    plan, none = Plan(), cast("str", None)
    with pytest.raises(
        ConfigurationError, match=r"^the name of the cluster is a value of type NoneType: write "
    ):
        plan_of(lambda: EtcdCluster(none, args()), plan=plan)
    assert {item.type for item in plan.resources} <= {"pulumi:pulumi:Stack"}


def test_protection_that_a_parent_hands_down_is_refused(plan_of: PlanOf) -> None:
    def nested() -> None:
        parent = pulumi.ComponentResource(
            "shop:index:Shop", "shop", None, pulumi.ResourceOptions(protect=True)
        )
        program(pulumi.ResourceOptions(parent=parent))()

    plan = Plan()
    with pytest.raises(ConfigurationError, match=r"Set args\.maintenance\.protect instead"):
        plan_of(nested, plan=plan)
    assert not [item for item in plan.resources if item.request.custom]


def test_the_arguments_protect_against_a_destroy(plan_of: PlanOf) -> None:
    plan = plan_of(program(maintenance={"protect": True}))
    assert [item.name for item in plan.resources if item.request.protect] == [f"{CLUSTER}-protect"]
