"""Which client's certificate the local cloud's etcdctl, prove and monitoring use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.machines.client_choice import OPERATOR_FILES, StackClients, clients_of
from localcloud.machines.errors import LocalCloudError

READ = [{"access": "read", "prefix": "/"}]
SETTINGS: list[dict[str, Any]] = [
    {"name": "metrics"},
    {"name": "reader", "permissions": READ},
    {"name": "admin", "root": True},
]


def clients(
    settings: object = SETTINGS, names: tuple[str, ...] = ("metrics", "reader", "admin")
) -> StackClients:
    outputs: dict[str, Any] = {"clients": list(names)}
    for name in names:
        outputs |= {f"client-{name}-certificate": "PEM", f"client-{name}-key": "PEM"}
    return clients_of(outputs, {"etcd:clients": settings})


def test_keys_are_opened_by_the_first_client_with_root() -> None:
    assert clients().for_keys().name == "admin"
    assert clients().for_keys().certificate == "client-admin-certificate"


def test_without_root_a_client_with_permissions_comes_before_one_without() -> None:
    assert clients(SETTINGS[:2], ("metrics", "reader")).for_keys().name == "reader"


def test_clients_of_other_programs_are_known_by_their_outputs() -> None:
    assert clients(None, ("shop",)).for_keys().name == "shop"


def test_a_client_without_certificate_is_not_chosen() -> None:
    assert clients(SETTINGS, ("reader",)).for_keys().name == "reader"


def test_the_operator_is_used_without_clients() -> None:
    assert clients([], ()).for_keys() == clients([], ()).for_metrics() == OPERATOR_FILES


def test_metrics_are_read_by_a_client_without_permissions_or_the_operator() -> None:
    assert clients().for_metrics().name == "metrics"
    assert clients(SETTINGS[1:], ("reader", "admin")).for_metrics() == OPERATOR_FILES


def test_settings_may_be_the_text_that_a_command_set() -> None:
    assert clients(json.dumps(SETTINGS)).for_keys().name == "admin"


def test_the_chosen_client_is_used() -> None:
    assert clients().for_keys("reader").name == clients().for_metrics("reader").name == "reader"
    assert clients().for_keys("etcd-operator") == OPERATOR_FILES


def test_a_chosen_client_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(
        LocalCloudError, match=r"client shop .*\(clients: metrics, reader, admin, etcd-operator\)"
    ):
        clients().for_keys("shop")


@pytest.mark.parametrize(
    ("permissions", "allowed"),
    [
        ([{"access": "readwrite", "key": "/a/b"}], True),
        ([{"access": "readwrite", "prefix": "/a/"}], True),
        ([{"access": "readwrite", "prefix": ""}], True),
        ([{"access": "readwrite", "key": "/a/a", "rangeEnd": "/a/c"}], True),
        ([{"access": "read", "prefix": "/a"}, {"access": "write", "key": "/a/b"}], True),
        ([{"access": "readwrite", "key": "/a/a", "rangeEnd": "/a/b"}], False),
        ([{"access": "readwrite", "key": "/a/"}], False),
        ([{"access": "readwrite", "prefix": "/b"}], False),
        ([{"access": "write", "prefix": ""}], False),
        ([], False),
    ],
)
def test_a_client_may_use_a_key_that_it_may_read_and_write(permissions: object, allowed: bool) -> None:
    found = clients([{"name": "app", "permissions": READ}, {"name": "shop", "permissions": permissions}],
                    ("app", "shop"))  # fmt: skip
    assert found.that_may_use("/a/b") == (["shop"] if allowed else [])
    assert found.for_key("/a/b").name == ("shop" if allowed else "app")
    assert found.for_key("/a/b", "app").name == "app"


@pytest.mark.parametrize("settings", ["shop", {"a": "b"}, ["shop"], 5, [{"root": True}]])
def test_settings_of_a_wrong_shape_choose_no_client(settings: object) -> None:
    assert clients(settings, ("shop",)).for_keys().name == "shop"


@pytest.mark.parametrize(("text", "auth"), [("true", True), (False, False), ("", None), ("yes", None)])
def test_the_stacks_file_says_whether_authentication_is_on(text: object, auth: bool | None) -> None:
    assert clients_of({}, {"etcd:auth": text}).auth is auth


@pytest.mark.parametrize("permission", [{}, {"key": "/"}, {"access": "read"}])
def test_a_permission_that_a_run_would_refuse_permits_nothing(permission: dict[str, str]) -> None:
    assert clients([{"name": "reader", "permissions": [permission]}], ("reader",)).that_may_use("/") == []
