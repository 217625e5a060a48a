"""Arguments of every spelling and shape are read, or refused in words that a caller can follow."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.arguments.options import component_name, resource_options
from components.arguments.types import EtcdClusterArgs
from components.arguments.values import PLACEHOLDERS, arguments_of, provider_arguments
from components.config.errors import ConfigurationError
from components.config.forms import FORMS, example_of
from components.config.naming import argument_of
from tests.unit.components.arguments.test_values import errors, read, with_groups
from tests.unit.components.config.valid_settings import BACKUPS, VALID

GIVEN = {**VALID, **BACKUPS, "size": 5, "quotaGiB": 4, "extraNames": ["etcd"], "protect": True}
PAGE = "docs/component.md lists all arguments"


def in_schema(values: dict[str, Any]) -> dict[str, Any]:
    """Arguments with the names of the schema, as errors print them."""
    groups: dict[str, Any] = {}
    for key, value in values.items():
        group, _, name = argument_of(key).partition(".")
        groups.setdefault(group, {})[name] = value
    return groups


def output(value: object) -> Any:
    """An output of another resource."""
    return pulumi.Output.from_input(value)


async def test_an_argument_may_have_its_name_of_python_or_of_the_schema() -> None:
    written = read(in_schema(GIVEN), component="store")
    assert written.settings == read(arguments_of(GIVEN), component="store").settings
    assert set(in_schema(dict.fromkeys(FORMS))) == set(EtcdClusterArgs.__annotations__) - {"cluster_name"}


async def test_the_arguments_of_providers_and_of_the_name_have_both_names() -> None:
    for name in ("digitaloceanToken", "digitalocean_token"):
        args = with_groups(access={"discovery_token": "t", name: "theirs"})
        assert provider_arguments(args) == {"digitalocean_token": "theirs"}
    for name in ("clusterName", "cluster_name"):
        assert read({**with_groups(), name: "etcd-shop"}, component="store").cluster == "etcd-shop"


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (
            with_groups(members={"droplet_size": "a", "dropletSize": "a"}),
            "args.members.dropletSize is set twice, as droplet_size and as dropletSize: remove one of them",
        ),
        (
            {**with_groups(), "cluster_name": "etcd-a", "clusterName": "etcd-a"},
            "args.clusterName is set twice, as cluster_name and as clusterName: remove one of them",
        ),
        (
            with_groups(access={"cloudflareToken": "a", "cloudflare_token": "b"}),
            "args.access.cloudflareToken is set twice, as cloudflareToken and as cloudflare_token: remove one of them",
        ),
    ],
)
def test_two_spellings_of_one_argument_are_refused(args: Any, line: str) -> None:
    assert errors(args) == [line]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("member", "members"),
        ("ClusterName", "clusterName"),
        ("clustername", "clusterName"),
        ("domain", "dns.domain"),
        ("sise", "members.size"),
        ("region", "members.region or args.backups.region"),
        ("members.sizes", "members.size"),
        ("network.cidrs", "network.clientCidrs, args.network.sshCidrs or args.network.metricsCidrs"),
        ("dns.id", "dns.zoneId"),
        ("backups.regoin", "backups.region"),
        ("members.DropletSize", "members.dropletSize"),
        ("members.domain", "dns.domain"),
        ("etcd.quotaGiB", "etcd.quotaGib"),
        ("backups.backup_bucket", "backups.bucket"),
        ("access.digitalocean_tokn", "access.digitaloceanToken"),
        ("access.cloudflare_url", "access.cloudflareApiUrl"),
    ],
)
def test_an_unknown_argument_is_refused_with_its_nearest(written: str, meant: str) -> None:
    group, _, name = written.rpartition(".")
    args = with_groups(**{group: {name: 3}}) if group else {**with_groups(), name: 3}
    assert errors(args) == [
        f"args.{written} is set, and there is no such argument: set args.{meant} instead, and remove this one. {PAGE}"
    ]


async def test_the_advice_about_a_spelling_works_word_for_word() -> None:
    (error,) = errors({**with_groups(), "clustername": "etcd-shop"})
    advised = error.partition("set args.")[2].partition(" ")[0]
    assert read({**with_groups(), advised: "etcd-shop"}, component="store").cluster == "etcd-shop"


def test_an_argument_that_resembles_none_is_to_be_removed() -> None:
    assert errors({**with_groups(members={1: 2}), "frobnicate": 1, 5: 1}) == [
        f"args.{name} is set, and there is no such argument: remove it. {PAGE}"
        for name in ("frobnicate", "5", "members.1")
    ]


def test_all_problems_are_reported_together() -> None:
    args: Any = {
        **with_groups(members={"size": 4, "sise": 3}, dns={"domain": "x"}),
        "tls": 3,
        "clusterName": "Etcd",
    }
    starts = [error.partition(": ")[0] for error in errors(args, component="store")]
    assert starts == [
        "args.members.sise is set, and there is no such argument",
        "args.tls is 3",
        "args.clusterName is Etcd",
        "args.dns.domain is x",
        "args.members.size is 4",
    ]


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (None, "null"),
        ([], "a list"),
        ("the-secret", "a string"),
        (3, "3"),
        (object(), "a value of type object"),
    ],
)
def test_arguments_that_are_no_dictionary_are_refused(args: Any, what: str) -> None:
    (error,) = errors(args)
    assert error.startswith(f"args is {what}: write a dictionary with the groups members, network, dns, ")


async def test_arguments_that_are_an_output_are_refused() -> None:
    (error,) = errors(output(with_groups()))
    assert error.startswith("args is an output: write a dictionary with the groups")


@pytest.mark.parametrize(
    "group", [name for name in EtcdClusterArgs.__annotations__ if name != "cluster_name"]
)
@pytest.mark.parametrize(
    ("value", "what"), [(3, "3"), ("the-secret", "a string"), ("", '""'), (["a"], "a list"), (True, "true")]
)
def test_a_group_that_is_no_dictionary_is_refused_in_one_line(group: str, value: Any, what: str) -> None:
    (error,) = errors({**with_groups(), group: value})
    assert error.startswith(f"args.{group} is {what}: write a dictionary with arguments such as ")


async def test_a_group_that_is_an_output_is_refused_in_one_line() -> None:
    (error,) = errors({**with_groups(), "network": output({"client_cidrs": ["198.51.100.0/24"]})})
    assert error.startswith(
        "args.network is an output: write a dictionary with arguments such as clientCidrs. "
    )


@pytest.mark.parametrize(("value", "what"), [(3, "3"), ("", '""'), (["a"], "a list"), ({}, "a dictionary")])
def test_a_name_that_is_no_text_is_refused(value: Any, what: str) -> None:
    assert errors({**with_groups(), "cluster_name": value}, component="store") == [
        f"args.clusterName is {what}: write a string that the program knows before the run, such as "
        '"etcd-shop", or remove the argument'
    ]


@pytest.mark.parametrize("value", [3, ["the-secret"], {}, True, ""])
def test_a_token_of_a_provider_that_is_no_text_is_refused(value: Any) -> None:
    (error,) = errors(with_groups(access={"digitalocean_token": value}))
    state = '""' if value == "" else "not a string"
    assert error == (
        f"args.access.digitaloceanToken is {state}: write the token as a string, or remove the argument"
    )


@pytest.mark.parametrize(
    "value", ["api.example.com", "ftp://api.example.com", "https://", "https://api.example.com:port"]
)
def test_a_url_of_a_provider_that_is_not_complete_is_refused(value: str) -> None:
    (error,) = errors(with_groups(access={"digitalocean_api_url": value}))
    assert error.startswith(f"args.access.digitaloceanApiUrl is {value}: ")
    assert "write a complete URL" in error


@pytest.mark.parametrize("key", sorted({*FORMS} - {*PLACEHOLDERS}))
async def test_an_output_in_a_plain_argument_is_refused_in_one_line(key: str) -> None:
    listed = FORMS[key].listed
    for late, part in ((output(example_of(key)), ""), *([([output("x")], "[0]")] if listed else [])):
        (error,) = errors(arguments_of({**VALID, key: late}))
        assert error.startswith(
            f"args.{argument_of(key)}{part} is an output, and this argument takes a plain value: write "
        )
        assert error.endswith(", or read it with pulumi.Config")


async def test_an_output_in_a_list_hides_no_other_entry() -> None:
    assert errors(with_groups(members={"ssh_keys": [output("1"), "x"]}))[0].startswith(
        "args.members.sshKeys[1] is x: write the id or the MD5 fingerprint"
    )
    found = errors(with_groups(network={"ssh_cidrs": [output("x"), "10.0.0.0/33"]}))
    assert [line.partition(" is ")[0] for line in found] == [
        "args.network.sshCidrs[0]",
        "args.network.sshCidrs[1]",
    ]


async def test_a_late_value_that_is_empty_is_refused_when_it_is_known() -> None:
    arguments = read(with_groups(network={"vpc_id": output("")}))
    with pytest.raises(ConfigurationError, match=r'^args\.network\.vpcId is "": write a string, such as '):
        await pulumi.Output.from_input(arguments.vpc_id).future()


async def test_a_late_value_that_is_null_is_not_set() -> None:
    arguments = read(with_groups(network={"vpc_id": output(None)}))
    assert await pulumi.Output.from_input(arguments.vpc_id).future() == ""


@pytest.mark.parametrize("opts", [{}, {"protect": True}, [], "x", pulumi.InvokeOptions()])
def test_options_of_another_type_are_refused(opts: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"^opts is a value of type {type(opts).__name__}: write pulumi\.Res"
    ):
        resource_options(opts)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("parent", "x"),
        ("provider", "x"),
        ("providers", ["x"]),
        ("providers", {"digitalocean": "x"}),
        ("providers", "x"),
    ],
)
def test_an_option_that_takes_a_resource_refuses_another_value(option: str, value: Any) -> None:
    given: Any = {option: value}
    with pytest.raises(
        ConfigurationError,
        match=rf"^the option {option} has a value of type str: write .*, or remove the option$",
    ):
        resource_options(pulumi.ResourceOptions(**given))


@pytest.mark.parametrize(
    ("name", "state"), [(None, "a value of type NoneType"), ("", '""'), (3, "a value of type int")]
)
def test_a_cluster_needs_a_name_that_is_a_text(name: Any, state: str) -> None:
    with pytest.raises(
        ConfigurationError, match=f"^the name of the cluster is {state}: write a string, such as "
    ):
        component_name(name)


def test_a_cluster_may_have_no_options() -> None:
    assert isinstance(resource_options(None), pulumi.ResourceOptions)
