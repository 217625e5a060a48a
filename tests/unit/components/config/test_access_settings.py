"""Which authentication, clients and permissions a cluster may have."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.arguments.values import arguments_of
from components.config.access_settings import OPEN_END, Client, Permission, prefix_range
from components.config.naming import ArgumentNames, argument_of, in_callers_words, named_by
from components.config.settings import Settings
from tests.unit.components.arguments.test_values import errors, read, with_groups
from tests.unit.components.config.configuration_errors import load_errors
from tests.unit.components.config.invalid_clients import BAD_CLIENTS, SHOP, permitted
from tests.unit.components.config.valid_settings import VALID, settings

TOKENS = {"digitalocean:token": "t", "cloudflare:apiToken": "t"}


def refusals(**changes: Any) -> list[str]:
    """The lines about these keys, which both callers get in their own words."""
    values = {**VALID, **changes}
    lines = load_errors(values, TOKENS, {})
    with named_by(ArgumentNames()):
        in_words_of_arguments = [in_callers_words(line) for line in lines]
    assert errors(arguments_of(values)) == in_words_of_arguments
    return lines


def permission(**fields: Any) -> Permission:
    return Permission.model_validate({"access": "read", **fields})


@pytest.mark.parametrize(("clients", "lines"), BAD_CLIENTS)
def test_a_wrong_client_is_refused_in_the_words_of_each_caller(clients: Any, lines: list[str]) -> None:
    assert refusals(auth=True, clients=clients) == [f"etcd:clients{line}" for line in lines]


@pytest.mark.parametrize("value", ["yes", "on", "1", "enabled", "True"])
def test_authentication_is_true_or_false_and_no_other_word(value: str) -> None:
    assert load_errors({**VALID, "auth": value}, TOKENS, {}) == [f"etcd:auth is {value}: write true or false"]
    (error,) = errors(arguments_of({**VALID, "auth": value}))
    assert error.startswith("args.access.auth is ")
    assert error.endswith(": write true or false")


def test_an_argument_for_authentication_is_no_text() -> None:
    assert errors(arguments_of({**VALID, "auth": "true"})) == [
        'args.access.auth is "true": write true or false, without quotes'
    ]


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False), ("", None)])
async def test_authentication_has_three_states(text: str, value: bool | None) -> None:
    assert load_errors({**VALID, "auth": text}, TOKENS, {}) == []
    assert settings(auth=value).auth is value
    assert read(arguments_of({**VALID, "auth": value})).settings.auth is value


@pytest.mark.parametrize("clients", [[{"name": "shop"}], permitted(SHOP)])
def test_clients_need_a_word_about_authentication(clients: Any) -> None:
    assert refusals(clients=clients) == [
        "etcd:clients is set: clients also need etcd:auth. Set it to true, and etcd enforces their permissions. With "
        "false, they have certificates, and each of these opens everything"
    ]


@pytest.mark.parametrize("auth", [True, False])
async def test_clients_may_have_all_kinds_of_permissions(auth: bool) -> None:
    clients: list[dict[str, Any]] = [
        {"name": "a"},
        {"name": "4", "root": False, "permissions": []},
        {"name": "a.b-c.example.com", "root": True},
        {"name": "s" * 64, "permissions": [SHOP, {"access": "read", "key": "/prices"}]},
        {"name": "all", "permissions": [{"access": "write", "prefix": ""}, SHOP]},
        {"name": "range", "permissions": [{"access": "read", "key": "/ä", "rangeEnd": "/ö z", "prefix": None}]},
    ]  # fmt: skip
    values = {**VALID, "auth": auth, "clients": clients}
    assert load_errors(values, TOKENS, {}) == []
    found = read(arguments_of(values)).settings
    assert found == Settings.model_validate(values)
    assert found.clients[0] == Client(name="a")
    assert found.clients[5].permissions[0].key_range == ("/ä".encode(), "/ö z".encode())


@pytest.mark.parametrize(
    ("fields", "key_range"),
    [
        ({"key": "/a"}, (b"/a", b"")),
        ({"key": "/a", "rangeEnd": "/b"}, (b"/a", b"/b")),
        ({"prefix": "/a/"}, (b"/a/", b"/a0")),
        ({"prefix": ""}, (b"\0", OPEN_END)),
        ({"prefix": "é"}, (b"\xc3\xa9", b"\xc3\xaa")),
    ],
)
def test_a_permission_has_the_key_and_range_end_of_etcds_api(
    fields: dict[str, str], key_range: tuple[bytes, bytes]
) -> None:
    assert permission(**fields).key_range == key_range


@pytest.mark.parametrize(
    ("prefix", "key_range"),
    [(b"a\xff\xff", (b"a\xff\xff", b"b")), (b"\xff", (b"\xff", OPEN_END)), (b"", (b"\0", OPEN_END))],
)
def test_the_range_of_a_prefix_ends_after_its_last_key(prefix: bytes, key_range: tuple[bytes, bytes]) -> None:
    assert prefix_range(prefix) == key_range


@pytest.mark.parametrize(
    ("wide", "narrow", "includes"),
    [
        ({"prefix": "/a/"}, {"key": "/a/b"}, True),
        ({"prefix": "/a/"}, {"key": "/a0"}, False),
        ({"prefix": "/a/"}, {"key": "/a/b", "rangeEnd": "/a0"}, True),
        ({"prefix": "/a/"}, {"key": "/a/b", "rangeEnd": "/a1"}, False),
        ({"prefix": "/a/"}, {"prefix": "/"}, False),
        ({"prefix": "/a/"}, {"prefix": ""}, False),
        ({"prefix": ""}, {"key": "/a", "rangeEnd": "/b"}, True),
        ({"prefix": ""}, {"prefix": ""}, True),
        ({"key": "/a"}, {"key": "/a"}, True),
        ({"key": "/a"}, {"key": "/a", "rangeEnd": "/b"}, False),
        ({"access": "readwrite", "prefix": "/"}, {"access": "write", "key": "/a"}, True),
        ({"access": "write", "prefix": "/"}, {"access": "read", "key": "/a"}, False),
        ({"prefix": "/"}, {"access": "readwrite", "key": "/a"}, False),
    ],
)
def test_a_permission_includes_what_it_allows_as_well(
    wide: dict[str, str], narrow: dict[str, str], includes: bool
) -> None:
    assert permission(**wide).includes(permission(**narrow)) is includes


async def test_a_field_may_have_its_name_of_python_or_of_the_schema() -> None:
    of_python = permitted({"access": "read", "key": "/a", "range_end": "/b"})
    of_schema = permitted({"access": "read", "key": "/a", "rangeEnd": "/b"})
    assert (
        read(with_groups(access={"auth": True, "clients": of_python})).settings
        == read(with_groups(access={"auth": True, "clients": of_schema})).settings
    )


def test_a_configuration_has_the_name_of_the_schema_alone() -> None:
    clients = permitted({"access": "read", "key": "/a", "range_end": "/b"})
    assert load_errors({**VALID, "auth": True, "clients": clients}, TOKENS, {}) == [
        "etcd:clients[1].permissions[0].range_end is set, and there is no such field: set "
        "etcd:clients[1].permissions[0].rangeEnd instead, and remove this one"
    ]


def test_a_field_under_both_names_is_refused() -> None:
    clients = permitted({"access": "read", "key": "/a", "rangeEnd": "/b", "range_end": "/c"})
    assert errors(with_groups(access={"auth": True, "clients": clients})) == [
        "args.access.clients[1].permissions[0].rangeEnd is set twice, as rangeEnd and as range_end: remove one of them"
    ]


@pytest.mark.parametrize("field", [5, None])
def test_a_field_whose_name_is_no_text_is_refused(field: Any) -> None:
    clients = [{"name": "shop", field: 1}]
    assert errors(with_groups(access={"auth": True, "clients": clients})) == [
        f"args.access.clients[0].{field} is set, and there is no such field: remove it. The fields are name, "
        "permissions and root"
    ]


async def test_an_output_in_a_client_is_refused_with_its_place() -> None:
    late = pulumi.Output.from_input("/b")
    for spelling in ("rangeEnd", "range_end"):
        clients = permitted(SHOP, {"access": "read", "key": "/a", spelling: late})
        assert errors(with_groups(access={"auth": True, "clients": clients})) == [
            "args.access.clients[1].permissions[1].rangeEnd is an output, and this argument takes a plain value: write "
            'one that the program knows before the run, such as "/shop0", or read it with pulumi.Config'
        ]


async def test_an_output_hides_nothing_else_that_is_wrong_with_clients() -> None:
    late: Any = pulumi.Output.from_input("x")
    both: dict[str, Any] = {"access": "read", "key": "/a", "rangeEnd": "/b", "range_end": "/c"}
    clients: list[Any] = [
        {"name": late, "root": "yes"},
        {"name": "Shop", "root": late, "permissions": [{"access": late, "key": ""}, late, SHOP, SHOP, both]},
        {"name": "web"},
        {"name": "web", "admin": 1, "permissions": late},
    ]
    found = errors(with_groups(access={"auth": True, "clients": clients}, members={"size": 4}))
    assert [line.removeprefix("args.access.clients").partition(":")[0] for line in found] == [
        "[0].name is an output, and this argument takes a plain value",
        "[1].root is an output, and this argument takes a plain value",
        "[1].permissions[0].access is an output, and this argument takes a plain value",
        "[1].permissions[1] is an output, and this argument takes a plain value",
        "[3].permissions is an output, and this argument takes a plain value",
        "[1].permissions[4].rangeEnd is set twice, as rangeEnd and as range_end",
        "[0].root is yes",
        "[1].name is Shop",
        '[1].permissions[0].key is ""',
        '[1].permissions[3] is {"access"',
        "[3].admin is set, and there is no such field",
        "[3].name is web",
        "args.members.size is 4",
    ]
    assert "such as true, or" in found[1]


async def test_an_output_where_no_field_is_has_one_line() -> None:
    for clients in (
        [{"name": "shop", "admin": pulumi.Output.from_input(1)}],
        [[pulumi.Output.from_input(1)]],
    ):
        (error,) = errors(with_groups(access={"auth": True, "clients": clients}))
        assert error.startswith("args.access.clients")


@pytest.mark.parametrize("value", [{"name": "shop"}, "shop", "true", '{"name": "shop"}'])
def test_clients_that_are_no_list_are_refused_with_a_way_to_write_one(value: Any) -> None:
    values = {**VALID, "auth": True, "clients": value}
    (error,) = load_errors(values, TOKENS, {})
    assert error.endswith(
        ": write a list: pulumi config rm etcd:clients, then pulumi config set --path 'etcd:clients[0].name' shop"
    )
    (error,) = errors(arguments_of(values))
    assert error.startswith(f"args.{argument_of('clients')} is ")
    assert error.endswith(': write a list, such as [{"name": "shop", "permissions": [{"access": "readwrite", "prefix": '
                          '"/shop/"}]}]')  # fmt: skip


def test_wrong_clients_are_named_with_all_other_wrong_settings() -> None:
    found = refusals(size=4, auth=True, clients=[{"name": "root"}, {"name": "Shop", "root": "yes"}])
    assert [line.partition(" is ")[0] for line in found] == [
        "etcd:clients[0].name",
        "etcd:clients[1].name",
        "etcd:clients[1].root",
        "etcd:size",
    ]
